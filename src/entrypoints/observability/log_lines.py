"""Finished lines of the log, of which there are many: written a moment later, together."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import structlog

from entrypoints.observability.logs import is_for_machines
from entrypoints.observability.redaction import Redaction

_DELAY = 0.1
"""Seconds that a line waits for others; so much is lost if the process is killed."""

MAX_LINES = 500
"""As many wait at the most: about 150 kB."""


class LogLines:
    """Takes lines that are encoded already, and writes them in their order."""

    def __init__(self, write: Callable[[bytes], object], *, redaction: Redaction) -> None:
        self._write = write
        self._redaction = redaction
        self._lines: list[bytes] = []

    def is_clean(self, text: str) -> bool:
        """Tell whether a text may stand in a line as it is; what may not goes through ``structlog``, with all care."""
        return self._redaction.is_clean(text)

    def add(self, line: bytes) -> None:
        """Have a line written, without its end."""
        if not self._lines:
            try:
                asyncio.get_running_loop().call_later(_DELAY, self.flush)
            except RuntimeError:  # nobody would come back to it
                self._write(line)
                return
        self._lines.append(line)
        if len(self._lines) >= MAX_LINES:
            self.flush()

    def flush(self) -> None:
        """Write all that wait."""
        if self._lines:
            lines, self._lines = self._lines, []
            self._write(b"\n".join(lines))


def machine_lines() -> LogLines | None:
    """Return what takes finished lines of the level ``info``; ``None`` if they are not wanted, or for people.

    To be asked when the log is configured.
    """
    config: dict[str, Any] = structlog.get_config()
    redaction, renderer = config["processors"][-2:]
    if not is_for_machines(renderer) or not structlog.get_logger().is_enabled_for(logging.INFO):
        return None
    return LogLines(config["logger_factory"]().msg, redaction=redaction)
