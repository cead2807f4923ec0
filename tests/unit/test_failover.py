"""The rate limiter without what it is shared through."""

import asyncio
import logging
from collections.abc import Sequence

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from adapters.rate_limits.failover import FailoverRateLimiter
from adapters.rate_limits.memory import MemoryRateLimiter
from domain.rate_limits.model import Hit, Quota, Verdict

TWO = Quota(name="two", amount=2, window=60)


class Faulty(MemoryRateLimiter):
    """Raises or hangs when told to, and counts how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.fault: Exception | None = None
        self.hangs = False
        self.asked = 0

    async def hit(self, hits: Sequence[Hit]) -> Sequence[Verdict]:
        await self._suffer()
        return await super().hit(hits)

    async def knows(self, key: str) -> bool:
        await self._suffer()
        return await super().knows(key)

    async def _suffer(self) -> None:
        self.asked += 1
        if self.hangs:
            await asyncio.sleep(3_600)
        if self.fault is not None:
            raise self.fault


class Seconds:
    """What ``time.monotonic`` shows."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> Seconds:
    seconds = Seconds()
    monkeypatch.setattr("adapters.rate_limits.failover.monotonic", seconds)
    return seconds


@pytest.fixture
def shared() -> Faulty:
    return Faulty()


@pytest.fixture
def limiter(shared: Faulty, seconds: Seconds) -> FailoverRateLimiter:
    del seconds  # they stand still
    return FailoverRateLimiter(shared=shared, local=MemoryRateLimiter())


async def remaining(limiter: FailoverRateLimiter) -> int:
    [verdict] = await limiter.hit([(TWO, "ada")])
    return verdict.remaining


@pytest.mark.parametrize("fault", [RedisConnectionError("gone"), OSError("gone"), TimeoutError()])
async def test_without_redis_requests_are_counted_here(
    limiter: FailoverRateLimiter, shared: Faulty, fault: Exception
) -> None:
    assert await remaining(limiter) == 1
    shared.fault = fault

    assert [await remaining(limiter) for _ in range(3)] == [1, 0, 0]

    assert await limiter.notices() == [
        "Rate limits are counted by each process for itself, because Redis does not answer."
    ]


async def test_only_one_request_waits_for_a_redis_that_hangs(limiter: FailoverRateLimiter, shared: Faulty) -> None:
    shared.hangs = True

    async with asyncio.timeout(2):
        await remaining(limiter)
        for _ in range(100):
            await remaining(limiter)

    assert shared.asked == 1


async def test_one_request_tries_again_after_a_while_and_the_others_do_not_wait_for_it(
    limiter: FailoverRateLimiter, shared: Faulty, seconds: Seconds
) -> None:
    shared.hangs = True
    await remaining(limiter)
    seconds.now += 5.1

    await asyncio.gather(*(remaining(limiter) for _ in range(20)))

    assert shared.asked == 2


async def test_limits_are_shared_again_as_soon_as_redis_is_back(
    limiter: FailoverRateLimiter, shared: Faulty, seconds: Seconds
) -> None:
    await remaining(limiter)
    shared.fault = RedisConnectionError("gone")
    await remaining(limiter)
    shared.fault = None
    assert len(await limiter.notices()) == 1
    seconds.now += 5.1

    assert await limiter.notices() == []
    assert await remaining(limiter) == 0


async def test_the_log_says_once_that_redis_is_gone_and_once_that_it_is_back(
    limiter: FailoverRateLimiter, shared: Faulty, seconds: Seconds, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    shared.fault = RedisConnectionError("gone")
    for _ in range(10):
        await remaining(limiter)
        seconds.now += 5.1
    shared.fault = None
    for _ in range(10):
        await remaining(limiter)
        seconds.now += 5.1

    assert caplog.messages == [
        "Rate limits are counted by each process for itself, because Redis does not answer: gone",
        "Rate limits are shared through Redis again",
    ]


async def test_a_familiar_address_stays_familiar_without_redis(limiter: FailoverRateLimiter, shared: Faulty) -> None:
    await limiter.remember("ada at home", seconds=60)
    shared.fault = RedisConnectionError("gone")

    assert await limiter.knows("ada at home")
    assert not await limiter.knows("ada elsewhere")
