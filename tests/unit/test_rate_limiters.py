"""The rate limiter of one process, and none at all."""

import asyncio

import pytest

from adapters.rate_limits.memory import BoundedMemoryStorage, MemoryRateLimiter
from adapters.rate_limits.unlimited import Unlimited
from domain.rate_limits.model import Quota
from domain.rate_limits.ports import RateLimiter
from tests.contract.rate_limits import NARROW, SHORT, WIDE, RateLimiterContract


@pytest.fixture
def limiter() -> MemoryRateLimiter:
    return MemoryRateLimiter()


@pytest.fixture
def limiters(limiter: MemoryRateLimiter) -> list[RateLimiter]:
    return [limiter]


class TestMemoryRateLimiter(RateLimiterContract):
    pass


async def test_counters_that_are_over_make_room_for_new_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = BoundedMemoryStorage(capacity=1_000)
    now = 1_000_000.0
    monkeypatch.setattr("time.time", lambda: now)
    await storage.incr("long", 86_400)
    for number in range(500):
        await storage.incr(f"old {number}", 60)

    now += 61
    for number in range(300):
        await storage.incr(f"new {number}", 60)

    assert len(storage.storage) == len(storage.expirations) == 301
    assert await storage.get("long") == 1


async def test_memory_is_bounded_and_what_is_oldest_goes_first() -> None:
    storage = BoundedMemoryStorage(capacity=100)

    for number in range(1_000):
        await storage.incr(str(number), 60)
        assert len(storage.storage) <= 100

    assert await storage.get("999") == 1
    assert await storage.get("0") == 0
    assert len(storage.expirations) == len(storage.storage)


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

    [verdict] = await limiter.hit(hits)
    assert not verdict.is_allowed


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
