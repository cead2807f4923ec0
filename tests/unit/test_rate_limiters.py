"""The rate limiter of one process, and none at all."""

import asyncio
import time

import pytest

from adapters.rate_limits.memory import MemoryRateLimiter
from adapters.rate_limits.unlimited import Unlimited
from domain.rate_limits.model import Quota
from domain.rate_limits.ports import RateLimiter
from tests.contract import rate_limits
from tests.contract.rate_limits import NARROW, SHORT, WIDE

DAILY = Quota(name="daily", amount=10, window=86_400)


@pytest.fixture
def limiter() -> MemoryRateLimiter:
    return MemoryRateLimiter()


@pytest.fixture
def limiters(limiter: MemoryRateLimiter) -> list[RateLimiter]:
    return [limiter]


class TestMemoryRateLimiter(rate_limits.RateLimiterContract):
    pass


class Stopwatch:
    """Shows the seconds that a test says have passed."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


async def test_counters_that_are_over_make_room_for_new_ones() -> None:
    clock = Stopwatch()
    limiter = MemoryRateLimiter(capacity=1_000, clock=clock)
    await limiter.hit([(DAILY, "ada")])
    for number in range(500):
        await limiter.hit([(NARROW, f"old {number}")])

    clock.seconds += 61
    for number in range(300):
        await limiter.hit([(NARROW, f"new {number}")])

    assert limiter.size == 301
    [result] = await limiter.hit([(DAILY, "ada")])
    assert result.remaining == DAILY.amount - 2


async def test_memory_is_bounded_and_what_is_oldest_goes_first() -> None:
    limiter = MemoryRateLimiter(capacity=100)

    for number in range(1_000):
        await limiter.remember(str(number), seconds=60)
        assert limiter.size <= 100

    assert await limiter.knows("999")
    assert not await limiter.knows("0")


async def test_a_clock_that_is_set_does_not_change_how_long_a_quota_is_used_up(
    limiter: MemoryRateLimiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall_clock = time.time
    await limiter.hit([(SHORT, "ada")])

    monkeypatch.setattr("time.time", lambda: wall_clock() - 3_600)
    [result] = await limiter.hit([(SHORT, "ada")])
    assert (result.is_allowed, result.reset) == (False, SHORT.window)
    monkeypatch.setattr("time.time", lambda: wall_clock() + 3_600)
    [result] = await limiter.hit([(SHORT, "ada")])
    assert not result.is_allowed


async def test_a_window_is_never_longer_than_it_is() -> None:
    limiter = MemoryRateLimiter(clock=lambda: 512.3000000000001)  # to which 600 are added, and taken away again

    [result] = await limiter.hit([(WIDE, "ada")])

    assert result.reset == WIDE.window


async def test_what_others_have_counted_is_counted_on_from_there() -> None:
    limiter, elsewhere = MemoryRateLimiter(), MemoryRateLimiter()
    hits = [(WIDE, "ada"), (NARROW, "ada")]
    limiter.learn(hits, await elsewhere.hit(hits))
    limiter.learn(hits, await elsewhere.hit(hits))

    wide, narrow = await limiter.hit(hits)

    assert (wide.is_allowed, wide.remaining, narrow.is_allowed) == (True, 1, False)
    assert (wide.reset, narrow.reset) == (WIDE.window, NARROW.window)


async def test_what_is_known_already_is_no_news() -> None:
    limiter = MemoryRateLimiter()
    hits = [(NARROW, "ada")]

    for _ in range(NARROW.amount):
        limiter.learn(hits, await limiter.hit(hits))
        limiter.learn(hits, await MemoryRateLimiter().hit(hits))

    [result] = await limiter.hit(hits)
    assert not result.is_allowed


async def test_memory_of_what_others_have_counted_is_bounded_and_ends() -> None:
    limiter, elsewhere = MemoryRateLimiter(capacity=100), MemoryRateLimiter()
    for number in range(1_000):
        hits = [(SHORT, str(number))]
        limiter.learn(hits, await elsewhere.hit(hits))

    [oldest], [newest] = await limiter.hit([(SHORT, "0")]), await limiter.hit([(SHORT, "999")])
    assert (oldest.is_allowed, newest.is_allowed) == (True, False)
    await asyncio.sleep(1.05)
    [newest] = await limiter.hit([(SHORT, "999")])
    assert newest.is_allowed


async def test_a_limiter_that_limits_nothing_says_nothing() -> None:
    unlimited = Unlimited()
    await unlimited.remember("ada", seconds=60)
    await unlimited.forget(NARROW, "ada")

    assert await unlimited.hit([(Quota(name="none", amount=0, window=1), "ada")]) == ()
    assert not await unlimited.knows("ada")
