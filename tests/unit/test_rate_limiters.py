"""The rate limiter of one process, and none at all."""

import pytest

from adapters.rate_limits.memory import BoundedMemoryStorage, MemoryRateLimiter
from adapters.rate_limits.unlimited import Unlimited
from domain.rate_limits.model import Quota
from domain.rate_limits.ports import RateLimiter
from tests.contract.rate_limits import NARROW, RateLimiterContract


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


async def test_a_limiter_that_limits_nothing_says_nothing() -> None:
    unlimited = Unlimited()
    await unlimited.remember("ada", seconds=60)
    await unlimited.forget(NARROW, "ada")

    assert await unlimited.hit([(Quota(name="none", amount=0, window=1), "ada")]) == ()
    assert not await unlimited.knows("ada")
