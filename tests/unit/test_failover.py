"""The rate limiter without what it is shared through."""

import asyncio
import logging
import time
from collections.abc import Sequence

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse, OutOfMemoryError, ReadOnlyError, RedisError

from adapters.rate_limits.failover import FailoverRateLimiter
from adapters.rate_limits.memory import MemoryRateLimiter
from domain.rate_limits.model import Hit, Quota, RateLimitResult

TWO = Quota(name="two", amount=2, window=60)
TEN = Quota(name="ten", amount=10, window=60)


class Faulty(MemoryRateLimiter):
    """Raises, hangs, is slow or cannot be written to when told so, and counts how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.fault: Exception | None = None
        self.fault_of_writing: Exception | None = None
        self.hangs = False
        self.seconds = 0.0
        self.asked = 0

    async def hit(self, hits: Sequence[Hit]) -> Sequence[RateLimitResult]:
        await self._suffer(self.fault_of_writing)
        return await super().hit(hits)

    async def remember(self, key: str, *, seconds: int) -> None:
        await self._suffer(self.fault_of_writing)
        await super().remember(key, seconds=seconds)

    async def forget(self, quota: Quota, key: str) -> None:
        await self._suffer(self.fault_of_writing)
        await super().forget(quota, key)

    async def knows(self, key: str) -> bool:
        await self._suffer(None)
        return await super().knows(key)

    async def _suffer(self, fault: Exception | None) -> None:
        self.asked += 1
        if self.hangs:
            await asyncio.sleep(3_600)
        await asyncio.sleep(self.seconds)
        if fault := self.fault or fault:
            raise fault


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
    [result] = await limiter.hit([(TWO, "ada")])
    return result.remaining


@pytest.mark.parametrize("fault", [RedisConnectionError("gone"), OSError("gone"), InvalidResponse("what?")])
async def test_without_redis_requests_are_counted_here(
    limiter: FailoverRateLimiter, shared: Faulty, fault: Exception
) -> None:
    shared.fault = fault

    assert [await remaining(limiter) for _ in range(3)] == [1, 0, 0]
    assert shared.asked == 1

    assert await limiter.notices() == [
        "Rate limits are counted by each process for itself, because Redis does not answer."
    ]


async def test_nobody_gets_a_quota_anew_because_redis_is_gone(limiter: FailoverRateLimiter, shared: Faulty) -> None:
    for _ in range(7):
        await limiter.hit([(TEN, "ada")])
    await shared.hit([(TEN, "ada")])  # by another replica
    await limiter.hit([(TEN, "ada")])

    shared.fault = RedisConnectionError("gone")

    results = [(await limiter.hit([(TEN, "ada")]))[0] for _ in range(5)]
    assert [result.is_allowed for result in results] == [True, False, False, False, False]
    assert all(50 <= result.reset <= 60 for result in results)


async def test_one_slow_answer_is_no_outage(limiter: FailoverRateLimiter, shared: Faulty) -> None:
    for _ in range(3):
        shared.hangs = True
        assert await remaining(limiter) == 1  # it was not left out of the count, and nobody waited for longer
        shared.hangs = False
        await limiter.forget(TWO, "ada")

    assert await limiter.notices() == []


async def test_many_that_are_slow_at_once_are_one_slow_answer(limiter: FailoverRateLimiter, shared: Faulty) -> None:
    shared.hangs = True
    answers = await asyncio.gather(*(limiter.hit([(TEN, "ada")]) for _ in range(60)))
    shared.hangs = False

    assert sum(result.is_allowed for [result] in answers) == TEN.amount
    assert await limiter.notices() == []


async def test_a_standstill_of_our_own_is_not_the_fault_of_redis(limiter: FailoverRateLimiter, shared: Faulty) -> None:
    shared.seconds = 0.1
    counting = [asyncio.create_task(limiter.hit([(TEN, "ada")])) for _ in range(3)]
    await asyncio.sleep(0.01)
    time.sleep(0.5)  # noqa: ASYNC251 - all of the event loop stands still

    answers = await asyncio.gather(*counting)

    assert sorted(result.remaining for [result] in answers) == [7, 8, 9]
    [result] = await shared.hit([(TEN, "ada")])
    assert result.remaining == 6


@pytest.mark.parametrize("fault", [ReadOnlyError("a replica"), OutOfMemoryError("full")])
async def test_a_redis_that_can_only_be_read_is_an_outage_until_it_can_be_written(
    limiter: FailoverRateLimiter, shared: Faulty, seconds: Seconds, fault: RedisError, caplog: pytest.LogCaptureFixture
) -> None:
    shared.fault_of_writing = fault
    assert len(await limiter.notices()) == 1

    for _ in range(5):
        seconds.now += 5.1
        assert not await limiter.knows("ada at home")
        await remaining(limiter)
        assert len(await limiter.notices()) == 1
    assert len(caplog.messages) == 1

    shared.fault_of_writing = None
    seconds.now += 5.1
    assert not await limiter.knows("ada at home")
    assert await limiter.notices() == []


async def test_only_the_first_requests_wait_for_a_redis_that_hangs(
    limiter: FailoverRateLimiter, shared: Faulty
) -> None:
    shared.hangs = True

    for _ in range(101):
        await remaining(limiter)

    assert shared.asked == 2


async def test_one_request_tries_again_after_a_while_and_the_others_do_not_wait_for_it(
    limiter: FailoverRateLimiter, shared: Faulty, seconds: Seconds
) -> None:
    shared.hangs = True
    for _ in range(2):
        await remaining(limiter)
    seconds.now += 5.1

    await asyncio.gather(*(remaining(limiter) for _ in range(20)))

    assert shared.asked == 3


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


async def test_who_asks_after_the_health_finds_out_that_redis_is_gone(
    limiter: FailoverRateLimiter, shared: Faulty
) -> None:
    shared.fault = RedisConnectionError("gone")

    assert len(await limiter.notices()) == 1


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
