"""The rate limiter on a real Redis, and what becomes of it without one."""

import asyncio
import logging
import time
from collections.abc import Generator, Sequence
from typing import Any, cast
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from adapters.memory.store import MemoryStore
from adapters.rate_limits.failover import FailoverRateLimiter
from adapters.rate_limits.memory import MemoryRateLimiter
from adapters.rate_limits.redis import RedisRateLimiter
from adapters.redis.client import open_redis
from domain.rate_limits.model import Hit, Quota, RateLimitResult
from domain.rate_limits.ports import RateLimiter
from tests import redis_server
from tests.contract import api_rate_limits, rate_limits
from tests.integration.processes import TIMEOUT
from tests.redis_server import RedisProcess

FIVE = Quota(name="five", amount=5, window=60)


class Counted(RedisRateLimiter):
    """Knows how many requests it was asked about."""

    asked = 0

    async def hit(self, hits: Sequence[Hit]) -> Sequence[RateLimitResult]:
        self.asked += 1
        return await super().hit(hits)


async def until_it_is_back(limiter: FailoverRateLimiter) -> None:
    """Return when Redis was found again."""
    async with asyncio.timeout(TIMEOUT):
        while await limiter.notices():  # noqa: ASYNC110 - it finds out when it is asked
            await asyncio.sleep(0.05)


@pytest.fixture
def limiters(redis_clients: list[Redis]) -> list[RateLimiter]:
    prefix = uuid4().hex
    return [RedisRateLimiter(client, prefix=prefix) for client in redis_clients]


@pytest.fixture
def limiter(limiters: list[RateLimiter]) -> RateLimiter:
    return limiters[0]


class TestRedisRateLimiter(rate_limits.RateLimiterContract):
    pass


class TestRateLimitsApiOnRedis(api_rate_limits.RateLimitsApi):
    @pytest.fixture
    def store(self) -> MemoryStore:
        """What is counted does not depend on where to-dos are kept."""
        return MemoryStore()


async def test_a_clock_of_redis_that_was_set_back_keeps_no_quota_used_up_for_longer_than_its_window(
    redis_clients: list[Redis],
) -> None:
    prefix, client = uuid4().hex, cast("Any", redis_clients[0])
    limiter = RedisRateLimiter(client, prefix=prefix)
    for _ in range(FIVE.amount):
        await limiter.hit([(FIVE, "ada")])
    [key] = await client.keys(f"{prefix}:*")
    await client.pexpire(key, (FIVE.window + 3_600) * 1_000)  # what is left once the clock is an hour back

    [result] = await limiter.hit([(FIVE, "ada")])

    assert (result.is_allowed, result.reset) == (False, FIVE.window)
    assert await client.ttl(key) <= FIVE.window


async def test_what_one_replica_counts_the_others_know(limiters: list[RateLimiter]) -> None:
    for number, limiter in enumerate(limiters, start=1):
        [result] = await limiter.hit([(FIVE, "ada")])
        assert result.remaining == FIVE.amount - number

    await limiters[0].remember("ada at home", seconds=60)
    assert await limiters[1].knows("ada at home")
    await limiters[2].forget(FIVE, "ada")
    [result] = await limiters[3].hit([(FIVE, "ada")])
    assert result.remaining == FIVE.amount - 1


async def test_every_key_goes_away_by_itself(redis_clients: list[Redis]) -> None:
    prefix = uuid4().hex
    limiter = RedisRateLimiter(redis_clients[0], prefix=prefix)
    await limiter.hit([(FIVE, "ada"), (Quota(name="day", amount=1, window=86_400), "ada")])
    await limiter.remember("ada at home", seconds=60)

    client: Any = redis_clients[0]
    lifetimes: dict[bytes, int] = {key: await client.ttl(key) async for key in client.scan_iter(f"{prefix}:*")}

    assert sorted(lifetimes) == [f"{prefix}:{name}".encode() for name in ("ada at home", "day:ada", "five:ada")]
    assert all(lifetime > 0 for lifetime in lifetimes.values())


async def test_all_quotas_of_a_request_take_one_round_trip(redis_clients: list[Redis]) -> None:
    client: Any = redis_clients[0]
    limiter = RedisRateLimiter(client, prefix=uuid4().hex)
    hits = [(FIVE, "ada"), (FIVE, "grace"), (FIVE, "mallory")]
    await limiter.hit(hits)  # the first one brings the script
    calls = "cmdstat_evalsha"
    before = (await client.info("commandstats"))[calls]["calls"]

    await limiter.hit(hits)

    assert (await client.info("commandstats"))[calls]["calls"] == before + 1


class TestOutages:
    @pytest.fixture
    def server(self) -> Generator[RedisProcess]:
        with redis_server.own_process() as server:
            yield server

    @pytest.fixture(autouse=True)
    def short_pause(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("adapters.rate_limits.failover._RETRY_INTERVAL", 0.5)

    async def test_a_redis_that_is_killed_and_comes_back(
        self, server: RedisProcess, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "adapters")
        async with open_redis(server.url) as client:
            limiter = FailoverRateLimiter(shared=RedisRateLimiter(client), local=MemoryRateLimiter())
            assert await limiter.notices() == []
            await limiter.hit([(FIVE, "ada")])

            server.kill()
            left = [(await limiter.hit([(FIVE, "ada")]))[0].remaining for _ in range(6)]
            assert left == [3, 2, 1, 0, 0, 0]  # what was counted before is not forgotten
            assert len(await limiter.notices()) == 1

            server.start()
            await until_it_is_back(limiter)
            [result] = await limiter.hit([(FIVE, "ada")])
            assert result.remaining == 4

        assert [record.levelname for record in caplog.records if record.name.startswith("adapters")] == ["WARNING"] * 2

    async def test_a_redis_that_hangs_costs_two_requests_a_moment_and_the_others_nothing(
        self, server: RedisProcess, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("adapters.rate_limits.failover._RETRY_INTERVAL", 3_600)
        async with open_redis(server.url) as client:
            shared = Counted(client)
            limiter = FailoverRateLimiter(shared=shared, local=MemoryRateLimiter())
            await limiter.hit([(FIVE, "ada")])
            server.pause()
            for number in range(102):
                await limiter.hit([(FIVE, str(number))])
            server.resume()

        assert shared.asked == 1 + 2

    async def test_many_requests_that_were_given_up_leave_nothing_behind(self, server: RedisProcess) -> None:
        async with open_redis(server.url) as client:
            limiter = FailoverRateLimiter(shared=RedisRateLimiter(client), local=MemoryRateLimiter())
            await limiter.hit([(FIVE, "ada")])
            server.pause()
            started = time.monotonic()
            await asyncio.gather(*(limiter.hit([(FIVE, "ada")]) for _ in range(500)))
            assert time.monotonic() - started < TIMEOUT, "they wait for each other"

            server.resume()
            await until_it_is_back(limiter)

            answers = await asyncio.gather(*(limiter.hit([(FIVE, "grace")]) for _ in range(100)))
            allowed = sum(result.is_allowed for [result] in answers)
            assert FIVE.amount <= allowed <= 2 * FIVE.amount  # who is answered too late is counted here
            await until_it_is_back(limiter)
            assert await limiter.notices() == []
            asking: Any = client
            assert (await asking.info("clients"))["connected_clients"] <= 50

    @pytest.mark.parametrize(
        ("broken", "whole"),
        [
            (["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"]),
            (["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"]),
        ],
        ids=["read-only", "full"],
    )
    async def test_a_redis_that_counts_nothing_is_an_outage_until_it_counts_again(
        self, server: RedisProcess, broken: list[str], whole: list[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        async with open_redis(server.url) as client:
            limiter = FailoverRateLimiter(shared=RedisRateLimiter(client), local=MemoryRateLimiter())
            asking: Any = client
            await asking.execute_command(*broken)
            for _ in range(4):
                assert not await limiter.knows("ada at home")
                await limiter.hit([(FIVE, "ada")])
                assert len(await limiter.notices()) == 1
                await asyncio.sleep(0.55)
            assert len(caplog.messages) == 1

            await asking.execute_command(*whole)

            assert await limiter.notices() == []

    async def test_a_burst_on_new_connections_is_no_outage(self, server: RedisProcess) -> None:
        async with open_redis(server.url) as one, open_redis(server.url) as two:
            replicas = [
                FailoverRateLimiter(shared=RedisRateLimiter(client), local=MemoryRateLimiter()) for client in (one, two)
            ]
            burst = [asyncio.create_task(replicas[number % 2].hit([(FIVE, "ada")])) for number in range(200)]
            for _ in range(3):
                await asyncio.sleep(0.005)
                time.sleep(0.3)  # noqa: ASYNC251 - all of the event loop stands still
            answers = [result.is_allowed for [result] in await asyncio.gather(*burst)]

            for replica in replicas:
                assert await replica.notices() == []
        assert FIVE.amount <= sum(answers) <= 2 * FIVE.amount

    async def test_a_redis_that_was_never_there_is_no_reason_not_to_start(self) -> None:
        async with open_redis("redis://127.0.0.1:1") as client:
            limiter = FailoverRateLimiter(shared=RedisRateLimiter(client), local=MemoryRateLimiter())

            [result] = await limiter.hit([(FIVE, "ada")])

            assert result.remaining == 4
            assert len(await limiter.notices()) == 1

    async def test_a_unix_socket_does_as_well(self, server: RedisProcess) -> None:
        async with open_redis(server.socket_url) as client:
            [result] = await RedisRateLimiter(client).hit([(FIVE, "ada")])

        assert result.remaining == 4
