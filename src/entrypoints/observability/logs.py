"""Logging: one JSON object a line in production, readable lines elsewhere.

The service's own lines of which there are many, the access log, take structlog's short way; everybody's records of
the standard library's ``logging`` pass through the same processors. All of it goes to standard error.
"""

import logging
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from entrypoints.environment import Secret
from entrypoints.observability.redaction import Redaction
from entrypoints.settings import Settings

Environment = Literal["development", "production"]

_OURS = ("domain", "adapters", "entrypoints")

_QUIET = ("alembic", "sqlalchemy")
"""Tell more of their work than an operator wants to read, statements with their values among it."""


_PASSWORD_IN_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^:/@]*:(.+)@")


def configure_logs(settings: Settings) -> None:
    """Send every log record to standard error.

    Libraries are heard from ``info`` upwards only, whatever the level: what they say below are bodies, statements and
    headers.
    """
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    redaction = Redaction(secrets_of(settings))
    handler = logging.StreamHandler()
    handler.setFormatter(formatter(settings.environment, redaction))
    logging.basicConfig(level=max(level, logging.INFO), handlers=[handler], force=True)
    for name in _OURS:
        logging.getLogger(name).setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *_processors(settings.environment, redaction)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=False,  # loggers bind once by themselves, and tests configure more than once
    )


def formatter(environment: Environment, redaction: Redaction | None = None) -> logging.Formatter:
    """Return what makes a line of a record of ``logging``; the server's log configuration names it, too."""
    *processors, renderer = _processors(environment, redaction or Redaction())

    def to_text(logger: WrappedLogger, name: str, entry: EventDict) -> str:
        return renderer(logger, name, entry).decode()

    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *processors, to_text],
    )


def server_log_config(environment: Environment) -> Path:
    """Return the file that makes Granian's own records look like ours (``logging.config.dictConfig``, as JSON)."""
    return Path(__file__).with_name(f"granian_{environment}.json")


def _processors(environment: Environment, redaction: Redaction) -> list[Any]:
    """Return the steps from an entry to the bytes of its line."""
    is_json = environment == "production"
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", key="time" if is_json else "timestamp"),
        structlog.processors.format_exc_info,  # without the values of local variables
    ]
    if is_json:
        return [*shared, _in_order, redaction, _to_json]
    return [*shared, redaction, _indent_exception, _to_readable()]


def _in_order(_: WrappedLogger, __: str, entry: EventDict) -> EventDict:
    """Let every line begin with when, how bad, where and what."""
    return {
        "time": entry.pop("time"),
        "level": entry.pop("level"),
        "logger": entry.pop("logger", ""),
        "message": entry.pop("event"),
        **entry,
    }


def is_for_machines(renderer: object) -> bool:
    """Tell whether the last of structlog's processors makes lines of JSON."""
    return renderer is _to_json


def _to_json(_: WrappedLogger, __: str, entry: EventDict) -> bytes:
    return msgspec.json.encode(entry)


def _to_readable() -> Callable[[WrappedLogger, str, EventDict], bytes]:
    console = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )

    def render(logger: WrappedLogger, name: str, entry: EventDict) -> bytes:
        return console(logger, name, entry).encode()

    return render


def _indent_exception(_: WrappedLogger, __: str, entry: EventDict) -> EventDict:
    """Indent what stands on lines of its own, so that no text in it can pass for an entry."""
    if "exception" in entry:
        entry["exception"] = "    " + entry["exception"].replace("\n", "\n    ")
    return entry


def secrets_of(settings: Settings) -> list[str]:
    """Return what must not be logged: the secrets, and the passwords in those that are URLs."""
    secrets = [value for value in msgspec.structs.asdict(settings).values() if isinstance(value, Secret)]
    return [*secrets, *(match[1] for secret in secrets if (match := _PASSWORD_IN_URL.match(secret)))]
