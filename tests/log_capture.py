"""The log as an operator reads it."""

import json
import logging
from collections.abc import Generator
from contextlib import contextmanager, redirect_stderr
from io import BytesIO, TextIOWrapper
from typing import Any

import structlog

from entrypoints.environment import Secret
from entrypoints.observability.logs import configure_logs
from entrypoints.settings import Settings

PRODUCTION = Settings(environment="production", jwt_secret=Secret("j" * 64))

_CLIENT = "httpx"
"""Who talks to the service here, and is not part of it."""

_LOGGERS = (None, "alembic", "sqlalchemy", "domain", "adapters", "entrypoints", _CLIENT)


class Log:
    """What was written to standard error."""

    def __init__(self) -> None:
        self._written = BytesIO()
        self.stream = TextIOWrapper(self._written, "utf-8", write_through=True)

    def text(self) -> str:
        """Return all of it."""
        return self._written.getvalue().decode()

    def entries(self) -> list[dict[str, Any]]:
        """Return its lines, which must be JSON objects."""
        return [json.loads(line) for line in self.text().splitlines()]

    def entry(self) -> dict[str, Any]:
        """Return its only line."""
        (entry,) = self.entries()
        return entry


@contextmanager
def configured(settings: Settings) -> Generator[Log]:
    """Log as the settings want it until the block is left; then the log of the test run is as it was."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [logger.handlers[:] for logger in loggers]
    for logger in loggers:
        logger.handlers = []  # what is configured anew is closed
    log = Log()
    with unchanged_logging():
        with redirect_stderr(log.stream):
            configure_logs(settings)
        logging.getLogger(_CLIENT).setLevel(logging.WARNING)
        try:
            yield log
        finally:
            for logger, handlers in zip(loggers, before, strict=True):
                logger.handlers = handlers


@contextmanager
def unchanged_logging() -> Generator[None]:
    """Take back what the block configures: it would decide what the tests after it read.

    The handlers of pytest come and go with the phases of a test, and are its own affair.
    """
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [(logger.level, logger.handlers[:]) for logger in loggers]
    try:
        yield
    finally:
        for logger, (level, handlers) in zip(loggers, before, strict=True):
            logger.setLevel(level)
            logger.handlers = [
                handler
                for handler in logger.handlers
                if handler in handlers or type(handler) is not logging.StreamHandler
            ]
        structlog.reset_defaults()
