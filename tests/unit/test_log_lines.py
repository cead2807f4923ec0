"""Lines of the log that are written together."""

import asyncio
from collections.abc import Generator
from typing import Any

import pytest

from entrypoints.http.access_log import AccessLog
from entrypoints.http.middleware.observation import ObservedRequest
from entrypoints.observability import log_lines
from entrypoints.settings import Settings
from tests.log_capture import PRODUCTION, Log, configured


@pytest.fixture
def log() -> Generator[Log]:
    """The log in production."""
    with configured(PRODUCTION) as log:
        yield log


def a_request(name: str, **changes: Any) -> ObservedRequest:
    given: dict[str, Any] = {
        "id": name, "method": "GET", "name": "/todos", "path": "/todos", "status": 200, "outcome": "200",
        "duration": 0.004, "user_agent": "curl/8",
    }  # fmt: skip
    return ObservedRequest(**(given | changes))


def ids_in(log: Log) -> list[str]:
    return [entry["request_id"] for entry in log.entries()]


async def test_they_wait_for_each_other_and_are_written_in_their_order(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_lines, "_DELAY", 0)
    write = AccessLog()
    write(a_request("first"))
    write(a_request("second"))
    assert ids_in(log) == []

    await asyncio.sleep(0.01)

    assert ids_in(log) == ["first", "second"]


async def test_no_more_wait_than_a_batch_has(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_lines, "MAX_LINES", 3)
    write = AccessLog()
    for number in range(4):
        write(a_request(str(number)))

    assert ids_in(log) == ["0", "1", "2"]
    write.flush()
    assert ids_in(log) == ["0", "1", "2", "3"]


async def test_an_error_is_not_kept_waiting(log: Log) -> None:
    write = AccessLog()
    write(a_request("before"))
    write(a_request("broken", status=500, outcome="500", error=ValueError("why")))

    assert ids_in(log) == ["before", "broken"]


@pytest.mark.parametrize(
    "hostile", ["todo_pat_leaked", "Bearer x", "a\x1b[2J", "x\u2028y", "f" * 64, "password=hunter2", "eyJhbGciOiJI"]
)
async def test_one_that_needs_redaction_takes_the_long_way_and_overtakes_nobody(log: Log, hostile: str) -> None:
    write = AccessLog()
    write(a_request("before"))
    write(a_request("hostile", user_agent=hostile))

    assert ids_in(log) == ["before", "hostile"]
    assert hostile not in log.text()


@pytest.mark.parametrize("field", ["user_agent", "path", "method"])
async def test_what_needed_redaction_once_needs_it_again(log: Log, field: str) -> None:
    write = AccessLog()
    for name in ("first", "second"):
        write(a_request(name, **{field: "todo_pat_leaked"}))

    assert ids_in(log) == ["first", "second"]
    assert "todo_pat_leaked" not in log.text()


async def test_without_an_event_loop_to_come_back_to_they_are_written_at_once(log: Log) -> None:
    await asyncio.to_thread(AccessLog(), a_request("alone"))

    assert ids_in(log) == ["alone"]


async def test_both_ways_make_the_same_line(log: Log) -> None:
    write = AccessLog()
    write(a_request("short", account_id=7, client="192.0.2.1"))
    write(a_request("long", account_id=7, client="192.0.2.1", user_agent="token"))
    short, long = log.entries()

    assert short["time"].endswith("Z")
    assert len(short["time"]) == len(long["time"])
    assert short.keys() == long.keys()
    for name in ("level", "logger", "message", "method", "route", "path", "status", "duration_ms", "account_id"):
        assert short[name] == long[name]


async def test_whoever_wants_warnings_only_gets_no_lines(log: Log) -> None:
    del log
    with configured(Settings(environment="production", jwt_secret=PRODUCTION.jwt_secret, log_level="warning")) as quiet:
        write = AccessLog()
        write(a_request("quiet"))
        write.flush()

        assert quiet.text() == ""
