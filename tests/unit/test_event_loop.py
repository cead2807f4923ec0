"""How late an event loop is."""

import asyncio

import pytest

from entrypoints.observability.event_loop import EventLoopLag
from tests.jumping_loop import JumpingLoop, run


def largest_lags(*, blocked: float, afterwards: float) -> tuple[float, float, float]:
    """Return what is told before a loop is blocked for so many seconds, then, and so many seconds later."""
    loop = JumpingLoop()

    async def main() -> tuple[float, float, float]:
        lag = EventLoopLag(monotonic=loop.time)
        watching = asyncio.create_task(lag.watch())
        await asyncio.sleep(10)
        before = lag.largest
        loop.block(blocked)
        await asyncio.sleep(1)
        then = lag.largest
        await asyncio.sleep(afterwards)
        watching.cancel()
        return before, then, lag.largest

    return run(main, loop)


def test_a_loop_that_was_blocked_shows_for_how_long() -> None:
    before, then, _ = largest_lags(blocked=3, afterwards=0)

    assert before == pytest.approx(0)
    assert then == pytest.approx(3, abs=0.1)  # what was due may have been so only in the middle of it


def test_it_is_told_for_a_minute() -> None:
    assert largest_lags(blocked=3, afterwards=50)[2] == pytest.approx(3, abs=0.1)
    assert largest_lags(blocked=3, afterwards=70)[2] == pytest.approx(0)


def test_a_loop_that_is_early_is_not_late() -> None:
    loop = JumpingLoop()
    loop.early = 0.01

    async def main() -> float:
        lag = EventLoopLag(monotonic=loop.time)
        watching = asyncio.create_task(lag.watch())
        await asyncio.sleep(10)
        watching.cancel()
        return lag.largest

    assert run(main, loop) == 0


def test_one_that_was_never_looked_at_is_not_late() -> None:
    assert EventLoopLag().largest == 0
