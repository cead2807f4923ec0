"""Logging: one JSON object a line in production, plain lines elsewhere."""

import json
import logging
from datetime import UTC, datetime

import msgspec

from entrypoints.settings import Settings

_ALWAYS_THERE = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class JsonFormatter(logging.Formatter):
    """Makes a JSON object of a record, with whatever ``extra`` was given to it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object on one line."""
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry |= {name: value for name, value in vars(record).items() if name not in _ALWAYS_THERE}
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        # The standard library escapes what has no UTF-8 form: no line is lost because of a client's lone surrogate.
        return json.dumps(msgspec.to_builtins(entry, enc_hook=str))


def configure_logs(settings: Settings) -> None:
    """Send every log record to standard error."""
    handler = logging.StreamHandler()
    if settings.environment == "production":
        handler.setFormatter(JsonFormatter())
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    # Alembic and the drivers tell more than an operator wants to read.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("aiosqlite").setLevel(logging.INFO)
