"""The log: one JSON object a line in production, readable lines elsewhere."""

import logging
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from msgspec.structs import replace

from entrypoints.observability.logs import configure_logs, formatter, server_log_config
from entrypoints.settings import Settings
from tests.log_capture import PRODUCTION, Log, configured, unchanged_logging

OURS = logging.getLogger("entrypoints.somewhere")


@pytest.fixture
def log() -> Generator[Log]:
    """The log in production."""
    with configured(PRODUCTION) as log:
        yield log


@pytest.fixture
def readable_log() -> Generator[Log]:
    """The log in development."""
    with configured(Settings(log_level="debug")) as log:
        yield log


def fail(_: str) -> None:
    raise ValueError("line one\nline two")


def test_a_line_says_when_how_bad_where_and_what(log: Log) -> None:
    OURS.error("Hello %s", "world")

    entry = log.entry()
    assert list(entry) == ["time", "level", "logger", "message"]
    assert datetime.fromisoformat(entry.pop("time")).tzinfo == UTC
    assert entry == {"level": "error", "logger": "entrypoints.somewhere", "message": "Hello world"}


def test_our_own_short_way_makes_the_same_line(log: Log) -> None:
    structlog.get_logger().warning("Hello", logger="access", status=200)

    entry = log.entry()
    assert list(entry) == ["time", "level", "logger", "message", "status"]
    assert (entry["level"], entry["logger"], entry["message"], entry["status"]) == ("warning", "access", "Hello", 200)


def test_whatever_extra_was_given_is_in_the_line(log: Log) -> None:
    extra = {"at": datetime(2026, 11, 23, tzinfo=UTC), "path": Path("/x"), "error": ValueError("why"), "ids": {1: (2,)}}
    OURS.error("Hello", extra=extra)

    entry = log.entry()
    assert (entry["at"], entry["path"], entry["error"]) == ("2026-11-23T00:00:00+00:00", "/x", "why")
    assert entry["ids"] == {"1": [2]}


def test_what_cannot_be_written_loses_no_line(log: Log) -> None:
    class Unwritable:
        def __str__(self) -> str:
            raise RuntimeError

    OURS.error("Hello \ud800", extra={"thing": Unwritable(), "nowhere": float("nan")})

    entry = log.entry()
    assert (entry["message"], entry["thing"]) == ("Hello \\ud800", "<Unwritable>")


def test_an_exception_is_told_on_the_same_line_without_local_variables(log: Log) -> None:
    try:
        fail("a local variable")
    except ValueError:
        OURS.exception("It failed")

    entry = log.entry()
    assert entry["exception"].startswith("Traceback (most recent call last):\n")
    assert entry["exception"].endswith("ValueError: line one\nline two")
    assert "in fail" in entry["exception"]
    assert "_ = " not in entry["exception"]


@pytest.mark.parametrize("text", ["x\n{}", "x\r\ny", "\x1b[2J\x1b[31mred", "a\x9b31m", "\u2028", "\u202eevil", "\x00"])
def test_a_text_can_neither_begin_a_line_nor_steer_a_terminal(log: Log, text: str) -> None:
    OURS.error("%s", text, extra={"path": text, text: 1, "nested": {text: [text]}})
    structlog.get_logger().error(text, path=text)

    written = log.text()
    assert len(written.splitlines()) == 2
    assert written.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    "text", ["x\n2026-11-23 [error] forged", "\x1b[2J\x1b[31mred", "a\x9b31m", "\u2028", "\u202ex"]
)
def test_neither_can_it_where_people_read_the_log(readable_log: Log, text: str) -> None:
    OURS.error("%s", text, extra={"path": text})
    structlog.get_logger().error(text, path=text)

    lines = readable_log.text().split("\n")
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)


def test_no_text_in_an_exception_can_pass_for_a_line(readable_log: Log) -> None:
    try:
        raise ValueError("x\n2026-11-23T00:00:00Z [error] forged\x1b[31m")  # noqa: TRY301 - to have a traceback
    except ValueError:
        OURS.exception("It failed")

    first, *others = readable_log.text().splitlines()
    assert "It failed" in first
    assert any("forged" in line for line in others)
    assert all(line.startswith("    ") and line.isprintable() for line in others)


def test_elsewhere_the_log_is_made_of_readable_lines(readable_log: Log) -> None:
    OURS.debug("Hello", extra={"status": 200})

    line = readable_log.text()
    assert "[debug" in line
    assert "Hello" in line
    assert "[entrypoints.somewhere] status=200\n" in line


def test_every_line_of_a_request_has_its_id(log: Log) -> None:
    with structlog.contextvars.bound_contextvars(request_id="abc"):
        OURS.error("one")
        logging.getLogger("somebody.else").error("two")
        structlog.get_logger().error("three")
    OURS.error("four")

    assert [entry.get("request_id") for entry in log.entries()] == ["abc", "abc", "abc", None]


@pytest.mark.parametrize(("level", "shown"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_level_is_the_one_that_was_set(level: Any, shown: int) -> None:
    with configured(replace(PRODUCTION, log_level=level)) as log:
        for number in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
            OURS.log(number, "Hello")
            structlog.get_logger().log(number, "Hello")

        assert len(log.entries()) == 2 * shown


def test_libraries_do_not_tell_what_they_handle(readable_log: Log) -> None:
    logging.getLogger("aiosqlite").debug("executing INSERT ... ('hunter2')")
    logging.getLogger("sqlalchemy.engine").info("INSERT ... ('hunter2')")
    logging.getLogger("alembic.runtime.migration").info("Running upgrade")

    assert readable_log.text() == ""


@pytest.mark.parametrize("environment", ["production", "development"])
def test_the_server_logs_in_the_same_words(environment: Any) -> None:
    record = logging.makeLogRecord({"name": "_granian", "msg": "Bearer abc.def\n", "levelname": "INFO", "levelno": 20})

    line = formatter(environment).format(record)

    assert line.startswith("{") is (environment == "production")
    assert "Bearer [redacted]\\" in line
    assert server_log_config(environment).name == f"granian_{environment}.json"


def test_what_a_test_configures_is_gone_with_it() -> None:
    root = logging.getLogger()
    level = root.level

    with unchanged_logging():
        configure_logs(PRODUCTION)

    assert OURS.getEffectiveLevel() == root.level == level
    assert [handler for handler in root.handlers if type(handler) is logging.StreamHandler] == []
