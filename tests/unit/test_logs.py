"""The log: one JSON object a line in production."""

import json
import logging
import sys
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from entrypoints.environment import Secret
from entrypoints.logs import JsonFormatter, configure_logs
from entrypoints.settings import Settings

NAMES = (None, "alembic", "aiosqlite")


@pytest.fixture(autouse=True)
def untouched_logging() -> Generator[None]:
    """Leave the log of the test run as it was."""
    loggers = [logging.getLogger(name) for name in NAMES]
    before = [(logger.level, logger.handlers[:]) for logger in loggers]
    for logger in loggers:
        logger.handlers = []  # what is configured anew is closed
    yield
    for logger, (level, handlers) in zip(loggers, before, strict=True):
        logger.setLevel(level)
        logger.handlers = handlers


def logged(message: str = "Hello", *arguments: object, **attributes: Any) -> dict[str, Any]:
    """Return what the line for a record says."""
    record = logging.makeLogRecord(
        {"name": "todo", "levelno": 40, "levelname": "ERROR", "msg": message, "args": arguments, **attributes}
    )
    line = JsonFormatter().format(record)
    assert "\n" not in line
    return json.loads(line)


def test_a_line_says_when_how_bad_where_and_what() -> None:
    entry = logged("Hello %s", "world", created=1_795_435_200.25)

    assert entry == {
        "time": "2026-11-23T12:00:00.250000Z",
        "level": "error",
        "logger": "todo",
        "message": "Hello world",
    }


def test_whatever_extra_was_given_is_in_the_line() -> None:
    entry = logged(request_id="abc", at=datetime(2026, 11, 23, tzinfo=UTC), path=Path("/x"), error=ValueError("why"))

    assert entry["request_id"] == "abc"
    assert (entry["at"], entry["path"], entry["error"]) == ("2026-11-23T00:00:00Z", "/x", "why")


def test_a_lone_surrogate_loses_no_line() -> None:
    entry = logged("Hello \ud800")

    assert entry["message"] == "Hello \ud800"


def test_an_exception_is_told_on_the_same_line() -> None:
    try:
        raise ValueError("line one\nline two")  # noqa: TRY301 - to have a traceback
    except ValueError:
        entry = logged(exc_info=sys.exc_info())

    assert entry["exception"].startswith("Traceback (most recent call last):\n")
    assert entry["exception"].endswith("ValueError: line one\nline two")


def test_a_message_of_many_lines_cannot_forge_another_one() -> None:
    assert logged('x\n{"level": "info"}')["message"] == 'x\n{"level": "info"}'


def test_in_production_the_log_is_made_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(environment="production", jwt_secret=Secret("j" * 64)))

    logging.getLogger("todo").warning("Hello", extra={"request_id": "abc"})
    logging.getLogger("todo").debug("too much")

    written = capsys.readouterr()
    assert written.out == ""
    assert json.loads(written.err) | {"time": ""} == {
        "time": "", "level": "warning", "logger": "todo", "message": "Hello", "request_id": "abc",
    }  # fmt: skip


def test_elsewhere_the_log_is_made_of_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(log_level="debug"))

    logging.getLogger("todo").debug("Hello")

    assert capsys.readouterr().err.endswith("DEBUG todo: Hello\n")


@pytest.mark.parametrize(
    ("level", "shown"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)]
)  # fmt: skip
def test_the_level_is_the_one_that_was_set(level: Any, shown: int, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(log_level=level))

    for number in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        logging.getLogger("todo").log(number, "Hello")

    assert len(capsys.readouterr().err.splitlines()) == shown


def test_what_alembic_tells_of_each_step_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(log_level="debug"))

    logging.getLogger("alembic.runtime.migration").info("Running upgrade")
    logging.getLogger("aiosqlite").debug("executing")

    assert capsys.readouterr().err == ""
