"""What is revoked through one replica is useless at the others, at once while there is a Redis."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, cast

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from adapters.memory.store import MemoryStore
from adapters.redis.client import open_redis
from adapters.redis.revocations import CHANNEL, RedisRevocations, shared_principal_cache
from domain.accounts.model import Account
from domain.authentication.principal import Principal
from domain.authentication.principal_cache import PrincipalCache
from domain.authentication.revocation import RevocationService
from domain.errors import Unauthenticated
from entrypoints.services import Services
from entrypoints.wiring import build_services
from tests import redis_server
from tests.clock import NOON, StandingClock
from tests.harness import PASSWORD, SECRET, quick_passwords
from tests.integration.processes import TIMEOUT

ADA = Principal(account_id=1, scopes=frozenset(), session_id=1)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
async def replicas(
    redis_clients: list[Redis], store: MemoryStore, clock: StandingClock
) -> AsyncGenerator[list[Services]]:
    """Two replicas, both of which listen."""
    async with AsyncExitStack() as stack:
        caches = [await stack.enter_async_context(shared_principal_cache(client)) for client in redis_clients[:2]]
        assert await eventually(lambda: listeners(redis_clients[0], 2))
        yield [
            build_services(
                store,
                passwords=quick_passwords,
                secret=SECRET,
                readiness=_ready,
                principal_cache=principal_cache,
                now=clock,
            )
            for principal_cache in caches
        ]


async def _ready() -> list[str]:
    return []


async def listeners(client: Any, least: int) -> bool:
    try:
        [(_, count)] = await client.pubsub_numsub(CHANNEL)
    except RedisConnectionError:  # one of the client's connections is from before the server's end
        return False
    return count >= least


async def eventually(is_so: Callable[[], Awaitable[bool]]) -> bool:
    """Wait for something for a bounded time, and tell whether it came."""
    for _ in range(200):
        if await is_so():
            return True
        await asyncio.sleep(0.01)
    return False


async def assert_revocations_are_heard(replicas: list[Services], user: Account) -> None:
    """End a session at one replica, and see the other one refuse it; the half minute of trust does not pass."""
    one, two = replicas
    pair = await one.sessions.log_in(email=user.email, password=PASSWORD)
    principal = await two.authenticator.principal(pair.access_token)

    await one.sessions.log_out(principal.own_session(), owner_id=user.id)

    async def is_refused() -> bool:
        try:
            await two.authenticator.principal(pair.access_token)
        except Unauthenticated:
            return True
        return False

    assert await eventually(is_refused)


async def test_a_session_that_ends_at_one_replica_ends_at_the_others(replicas: list[Services], user: Account) -> None:
    await assert_revocations_are_heard(replicas, user)


@pytest.mark.parametrize("everybody", [True, False])
async def test_what_an_operator_revokes_is_refused_at_every_replica(
    redis_clients: list[Redis], replicas: list[Services], store: MemoryStore, user: Account, *, everybody: bool
) -> None:
    pair = await replicas[0].sessions.log_in(email=user.email, password=PASSWORD)
    for replica in replicas:
        await replica.authenticator.principal(pair.access_token)
    operator = RevocationService(store, revocations=RedisRevocations(redis_clients[2]))

    if everybody:
        revoked = await operator.revoke_of_everybody(sessions=True, api_tokens=True)
    else:
        revoked = await operator.revoke(user.email, sessions=True, api_tokens=True)

    async def are_refused() -> bool:
        return not [replica for replica in replicas if await _is_good(replica, pair.access_token)]

    assert revoked.is_announced
    assert await eventually(are_refused)


async def _is_good(replica: Services, bearer: str) -> bool:
    try:
        await replica.authenticator.principal(bearer)
    except Unauthenticated:
        return False
    return True


async def test_an_operator_hears_that_nobody_could_be_told(store: MemoryStore) -> None:
    async with open_redis("redis://127.0.0.1:1") as client:
        operator = RevocationService(store, revocations=RedisRevocations(client))

        revoked = await operator.revoke_of_everybody(sessions=True, api_tokens=True)

    assert not revoked.is_announced


@pytest.mark.parametrize("nonsense", [b"", b"nobody", b"\xff", "\u0661".encode(), b"-1", b"9" * 5_000])
async def test_nonsense_in_the_channel_does_no_harm(
    redis_clients: list[Any], replicas: list[Services], user: Account, nonsense: bytes
) -> None:
    await redis_clients[2].publish(CHANNEL, nonsense)

    await assert_revocations_are_heard(replicas, user)


async def test_who_was_cut_off_trusts_nobody_and_listens_again() -> None:
    with redis_server.own_process() as server:
        async with open_redis(server.url) as client, shared_principal_cache(client) as principal_cache:
            assert await eventually(lambda: listeners(client, 1))
            _remember(principal_cache)
            server.kill()
            await principal_cache.invalidate(2)  # nobody hears it, and nobody minds
            assert principal_cache.get("ada's", at=NOON) is ADA

            server.start()

            assert await eventually(lambda: _is_forgotten(principal_cache))
            assert await eventually(lambda: listeners(client, 1))


async def test_who_was_cut_off_without_a_word_finds_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.redis.revocations._PING_INTERVAL", 0.1)
    with redis_server.own_process() as server:
        async with open_redis(server.url) as client, shared_principal_cache(client) as principal_cache:
            assert await eventually(lambda: listeners(client, 1))
            _remember(principal_cache)
            await asyncio.sleep(0.5)
            assert principal_cache.get("ada's", at=NOON) is ADA  # a ping was answered

            server.pause()
            await asyncio.sleep(0.5)
            server.resume()

            assert await eventually(lambda: _is_forgotten(principal_cache))
            assert await eventually(lambda: listeners(client, 1))


async def test_the_log_says_once_that_nothing_is_heard_and_once_that_it_is_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("adapters.redis.revocations._RECONNECT_DELAY", 0.01)
    caplog.set_level(logging.INFO, "adapters.redis")
    with redis_server.own_process() as server:
        async with open_redis(server.url) as client, shared_principal_cache(client):
            assert await eventually(lambda: listeners(client, 1))
            assert caplog.messages == []

            server.kill()
            await asyncio.sleep(0.2)
            server.start()
            assert await eventually(lambda: listeners(client, 1))
            await asyncio.sleep(0.05)

    lost, found = caplog.messages
    assert lost.startswith("Revocations of other replicas are not heard at once: ")
    assert found == "Revocations of other replicas are heard at once again"


async def test_who_listens_to_a_redis_that_hangs_does_not_wait_for_ever(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("adapters.redis.revocations._TIMEOUT", 0.1)
    caplog.set_level(logging.INFO, "adapters.redis")
    with redis_server.own_process() as server:
        server.pause()
        async with open_redis(server.url) as client, shared_principal_cache(client):
            await asyncio.sleep(0.3)
            server.resume()
            assert await eventually(lambda: listeners(client, 1))

    assert caplog.messages[0] == "Revocations of other replicas are not heard at once: TimeoutError"


async def test_listening_goes_on_after_what_nobody_expected(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("adapters.redis.revocations._RECONNECT_DELAY", 0.01)
    with redis_server.own_process() as server:
        async with open_redis(server.url) as client, shared_principal_cache(client) as principal_cache:
            assert await eventually(lambda: listeners(client, 1))
            _remember(principal_cache)

            def fail(account_id: int) -> None:
                raise KeyError(account_id)

            with monkeypatch.context() as patch:
                patch.setattr(principal_cache, "evict", fail)
                asking: Any = client
                await asking.publish(CHANNEL, 1)
                await asyncio.sleep(0.05)

            assert await eventually(lambda: _is_forgotten(principal_cache))

    assert any(record.exc_info for record in caplog.records)


async def test_whoever_revokes_something_waits_until_it_is_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.redis.revocations._PATIENCE", TIMEOUT)
    redis = _SlowRedis()
    async with shared_principal_cache(cast("Any", redis)) as principal_cache:
        revoking = asyncio.create_task(principal_cache.invalidate(1))
        await redis.is_asked.wait()
        assert not revoking.done()

        redis.answers.set()
        await asyncio.wait_for(revoking, TIMEOUT)

        assert redis.announced == [1]


async def test_but_no_longer_than_a_moment() -> None:
    redis = _SlowRedis()  # it never answers
    async with shared_principal_cache(cast("Any", redis)) as principal_cache:
        await asyncio.wait_for(principal_cache.invalidate(1), TIMEOUT)

        assert redis.is_asked.is_set()
        assert redis.announced == []


class _SlowRedis:
    """Publishes once it is let go; there is nothing to listen to."""

    def __init__(self) -> None:
        self.is_asked, self.answers = asyncio.Event(), asyncio.Event()
        self.announced: list[int] = []

    async def publish(self, _: str, account_id: int) -> None:
        self.is_asked.set()
        await self.answers.wait()
        self.announced.append(account_id)

    def pubsub(self) -> Any:
        raise RedisConnectionError


async def test_without_redis_everything_goes_on() -> None:
    async with open_redis("redis://127.0.0.1:1") as client, shared_principal_cache(client) as principal_cache:
        await asyncio.gather(*(principal_cache.invalidate(account_id) for account_id in range(5_000)))
        _remember(principal_cache)
        await asyncio.sleep(0.05)

        assert principal_cache.get("ada's", at=NOON) is ADA


def _remember(principal_cache: PrincipalCache) -> None:
    principal_cache.put("ada's", ADA, at=NOON, expires_at=None, generation=principal_cache.generation())


async def _is_forgotten(principal_cache: PrincipalCache) -> bool:
    return principal_cache.get("ada's", at=NOON) is None
