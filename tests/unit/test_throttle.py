"""What is said seldom: how often, and of what."""

import pytest
from litestar import Litestar, get
from litestar.params import FromPath
from litestar.testing import AsyncTestClient

from domain.errors import Unavailable
from entrypoints.http.problems import EXCEPTION_HANDLERS
from entrypoints.http.throttle import Throttle


class Seconds:
    """A monotonic clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    """Stands still."""
    return Seconds()


@pytest.fixture
def throttle(seconds: Seconds) -> Throttle:
    """Speaks once a minute."""
    return Throttle(seconds=60, monotonic=seconds)


def test_the_first_is_due_and_the_next_is_not(throttle: Throttle) -> None:
    assert [throttle.is_due("a") for _ in range(3)] == [True, False, False]


def test_it_is_due_again_when_the_time_has_passed_since_it_was(throttle: Throttle, seconds: Seconds) -> None:
    throttle.is_due("a")
    seconds.now += 59.9
    before = throttle.is_due("a")
    seconds.now += 0.1

    assert not before
    assert [throttle.is_due("a") for _ in range(2)] == [True, False]


def test_one_kind_does_not_silence_another(throttle: Throttle, seconds: Seconds) -> None:
    throttle.is_due("a")
    seconds.now += 30

    assert throttle.is_due("b")
    assert not throttle.is_due("a")
    seconds.now += 30
    assert throttle.is_due("a")
    assert not throttle.is_due("b")


async def test_every_request_that_is_refused_is_logged_but_the_traceback_once(caplog: pytest.LogCaptureFixture) -> None:
    @get("/{number:int}")
    async def gone(number: FromPath[int]) -> None:
        raise Unavailable("Gone in the one test." if number else "Gone for another reason.")

    app = Litestar([gone], exception_handlers=EXCEPTION_HANDLERS, openapi_config=None, logging_config=None)
    async with AsyncTestClient(app) as client:
        statuses = [(await client.get(f"/{number}")).status_code for number in (1, 2, 3, 0, 4)]

    records = [record for record in caplog.records if record.name == "entrypoints.http.problems"]
    assert statuses == [503] * 5
    assert [record.exc_info is not None for record in records] == [True, False, False, True, False]
    assert len({vars(record)["request_id"] for record in records}) == 5
