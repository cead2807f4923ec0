"""From a bearer token to who is asking."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from adapters.concurrency.limiter import FairConcurrencyLimiter
from adapters.memory.api_tokens import MemoryApiTokens
from adapters.memory.sessions import MemorySessions
from adapters.memory.store import MemoryStore
from adapters.security.access_tokens import JwtAccessTokens
from adapters.security.secrets import HmacSecrets
from domain.accounts.model import Account
from domain.api_tokens.model import API_TOKEN_PREFIX, ApiToken
from domain.authentication.ports import AccessClaims
from domain.authentication.principal import EVERY_SCOPE, Principal, TokenScope
from domain.authentication.principal_cache import PrincipalCache
from domain.authentication.service import Authenticator
from domain.errors import Forbidden, InsufficientScope, Unauthenticated
from domain.sessions.model import Session
from tests.builders import a_new_session, an_api_token
from tests.clock import NOON, StandingClock
from tests.harness import SECRET, one_at_a_time

BEARER = f"{API_TOKEN_PREFIX}secret"
MICROSECOND = timedelta(microseconds=1)


class _WatchedSessions(MemorySessions):
    """Counts look-ups, and lets something happen while one is under way."""

    looked_up = 0
    meanwhile: Callable[[], object] = object

    async def is_live(self, session_id: int, *, owner_id: int, started_at: datetime, at: datetime) -> bool:
        self.looked_up += 1
        found = await super().is_live(session_id, owner_id=owner_id, started_at=started_at, at=at)
        self.meanwhile()
        return found


class _WatchedApiTokens(MemoryApiTokens):
    """Likewise, and keeps the times at which tokens were touched."""

    looked_up = 0
    meanwhile: Callable[[], object] = object

    def touches(self) -> list[datetime]:
        return self.__dict__.setdefault("_touches", [])

    async def by_digest(self, digest: str) -> tuple[int, ApiToken] | None:
        self.looked_up += 1
        found = await super().by_digest(digest)
        self.meanwhile()
        return found

    async def touch(self, token_id: int, *, owner_id: int, at: datetime) -> None:
        self.touches().append(at)
        await super().touch(token_id, owner_id=owner_id, at=at)


class _WatchedStore(MemoryStore):
    def __init__(self) -> None:
        super().__init__()
        self.sessions = self.watched_sessions = _WatchedSessions(self._state)
        self.api_tokens = self.watched_api_tokens = _WatchedApiTokens(self._state)


@pytest.fixture
def store() -> _WatchedStore:
    return _WatchedStore()


@pytest.fixture
def principal_cache() -> PrincipalCache:
    return PrincipalCache()


@pytest.fixture
def lookups() -> FairConcurrencyLimiter:
    return one_at_a_time()


@pytest.fixture
def authenticator(
    store: _WatchedStore, principal_cache: PrincipalCache, lookups: FairConcurrencyLimiter, clock: StandingClock
) -> Authenticator:
    return Authenticator(
        store,
        access_tokens=JwtAccessTokens(SECRET),
        secrets=HmacSecrets(SECRET),
        principal_cache=principal_cache,
        lookups=lookups,
        now=clock,
    )


@pytest.fixture
async def session(store: _WatchedStore, user: Account) -> Session:
    return await store.sessions.add(a_new_session(), owner_id=user.id)


def access_token(user: Account, session: Session, *, issued_at: datetime = NOON) -> str:
    return JwtAccessTokens(SECRET).issue(
        AccessClaims(
            account_id=user.id,
            session_id=session.id,
            started_at=session.created_at,
            issued_at=issued_at,
            expires_at=issued_at + timedelta(minutes=15),
        )
    )


async def keep_api_token(store: _WatchedStore, user: Account, *, expires_at: datetime | None = None) -> ApiToken:
    return await store.api_tokens.add(
        an_api_token(expires_at=expires_at), owner_id=user.id, digest=HmacSecrets(SECRET).digest(BEARER)
    )


async def test_a_session_may_do_everything(authenticator: Authenticator, user: Account, session: Session) -> None:
    principal = await authenticator.principal(access_token(user, session))

    assert principal == Principal(account_id=user.id, scopes=EVERY_SCOPE, session_id=session.id)
    assert principal.own_session() == session.id
    for scope in TokenScope:
        principal.require(scope)


@pytest.mark.parametrize("bearer", ["", "nonsense", "a.b.c", "todo_pat_unknown", "todo_refresh_a.b", "\ud800"])
async def test_an_unknown_token_belongs_to_nobody(authenticator: Authenticator, bearer: str) -> None:
    with pytest.raises(Unauthenticated):
        await authenticator.principal(bearer)


@pytest.mark.parametrize(
    ("apart", "is_good"),
    [
        (timedelta(seconds=-10), True),
        (timedelta(seconds=-10) - MICROSECOND, False),
        (timedelta(minutes=15, seconds=10) - MICROSECOND, True),
        (timedelta(minutes=15, seconds=10), False),
    ],
)
async def test_clocks_may_be_ten_seconds_apart(
    authenticator: Authenticator,
    user: Account,
    session: Session,
    clock: StandingClock,
    apart: timedelta,
    *,
    is_good: bool,
) -> None:
    bearer = access_token(user, session, issued_at=NOON)
    clock.now = NOON + apart

    if is_good:
        assert (await authenticator.principal(bearer)).account_id == user.id
    else:
        with pytest.raises(Unauthenticated, match="expired"):
            await authenticator.principal(bearer)


async def test_trust_ends_with_the_leeway(
    authenticator: Authenticator, user: Account, session: Session, clock: StandingClock
) -> None:
    bearer = access_token(user, session)
    clock.advance(minutes=15, seconds=5)
    await authenticator.principal(bearer)

    clock.advance(seconds=5)

    with pytest.raises(Unauthenticated):
        await authenticator.principal(bearer)


async def test_a_session_that_ended_is_noticed_after_thirty_seconds(
    authenticator: Authenticator, store: _WatchedStore, user: Account, session: Session, clock: StandingClock
) -> None:
    bearer = access_token(user, session)
    await authenticator.principal(bearer)
    await store.sessions.remove(session.id, owner_id=user.id)  # through another process

    clock.advance(seconds=30, microseconds=-1)
    await authenticator.principal(bearer)
    clock.advance(microseconds=1)

    with pytest.raises(Unauthenticated, match="ended"):
        await authenticator.principal(bearer)


async def test_the_store_is_asked_once_in_thirty_seconds(
    authenticator: Authenticator, store: _WatchedStore, user: Account, session: Session, clock: StandingClock
) -> None:
    bearer = access_token(user, session)

    for _ in range(61):
        await authenticator.principal(bearer)
        clock.advance(seconds=1)

    assert store.watched_sessions.looked_up == 3


async def test_many_requests_with_one_new_token_ask_the_store_once(
    authenticator: Authenticator, store: _WatchedStore, user: Account, session: Session
) -> None:
    await keep_api_token(store, user)
    bearers = [access_token(user, session), BEARER]

    await asyncio.gather(*(authenticator.principal(bearer) for bearer in bearers * 20))

    assert (store.watched_sessions.looked_up, store.watched_api_tokens.looked_up) == (1, 1)
    assert store.watched_api_tokens.touches() == [NOON]


async def test_a_token_that_is_known_waits_for_nobody(
    authenticator: Authenticator, lookups: FairConcurrencyLimiter, user: Account, session: Session
) -> None:
    bearer = access_token(user, session)
    await authenticator.principal(bearer, network="192.0.2.1")

    async with lookups.slot("192.0.2.1"):
        assert await authenticator.principal(bearer, network="192.0.2.1")


async def test_tokens_wait_only_for_those_from_the_same_network(
    authenticator: Authenticator, lookups: FairConcurrencyLimiter, user: Account, session: Session
) -> None:
    async with lookups.slot("192.0.2.1"):
        assert await authenticator.principal(access_token(user, session), network="198.51.100.1")
        another = access_token(user, session, issued_at=NOON - timedelta(seconds=1))
        waiting = asyncio.create_task(authenticator.principal(another, network="192.0.2.1"))
        await asyncio.sleep(0)
        assert lookups.waiting == 1
    await waiting


async def test_what_is_forgotten_is_asked_for_again(
    authenticator: Authenticator, store: _WatchedStore, principal_cache: PrincipalCache, user: Account, session: Session
) -> None:
    bearer = access_token(user, session)
    await authenticator.principal(bearer)

    await principal_cache.invalidate(user.id)
    await store.sessions.remove(session.id, owner_id=user.id)

    with pytest.raises(Unauthenticated):
        await authenticator.principal(bearer)


async def test_a_session_that_ends_during_its_look_up_is_not_remembered(
    authenticator: Authenticator, store: _WatchedStore, principal_cache: PrincipalCache, user: Account, session: Session
) -> None:
    bearer = access_token(user, session)
    store.watched_sessions.meanwhile = lambda: principal_cache.evict(user.id)

    await authenticator.principal(bearer)

    assert principal_cache.get(bearer, at=NOON) is None


async def test_an_api_token_that_is_revoked_during_its_look_up_is_not_remembered(
    authenticator: Authenticator, store: _WatchedStore, principal_cache: PrincipalCache, user: Account
) -> None:
    await keep_api_token(store, user)
    store.watched_api_tokens.meanwhile = lambda: principal_cache.evict(user.id)

    await authenticator.principal(BEARER)

    assert principal_cache.get(BEARER, at=NOON) is None


async def test_an_api_token_may_do_what_its_scopes_name(
    authenticator: Authenticator, store: _WatchedStore, user: Account
) -> None:
    token = await keep_api_token(store, user)

    principal = await authenticator.principal(BEARER)

    assert principal == Principal(
        account_id=user.id, scopes=frozenset({TokenScope.TODOS_READ}), token_id=token.id, expires_at=token.expires_at
    )
    with pytest.raises(InsufficientScope) as error:
        principal.require(TokenScope.TODOS_WRITE)
    assert error.value.scope == "todos:write"
    with pytest.raises(Forbidden):
        principal.own_session()


async def test_an_api_token_is_good_until_it_expires_to_the_microsecond(
    authenticator: Authenticator, store: _WatchedStore, user: Account, clock: StandingClock
) -> None:
    await keep_api_token(store, user, expires_at=NOON + timedelta(seconds=20))

    clock.advance(seconds=20, microseconds=-1)
    await authenticator.principal(BEARER)
    clock.advance(microseconds=1)

    with pytest.raises(Unauthenticated, match="expired"):
        await authenticator.principal(BEARER)


async def test_the_use_of_an_api_token_is_noted_at_most_once_a_minute(
    authenticator: Authenticator, store: _WatchedStore, user: Account, clock: StandingClock
) -> None:
    await keep_api_token(store, user)

    for _ in range(150):
        await authenticator.principal(BEARER)
        clock.advance(seconds=1)

    assert store.watched_api_tokens.touches() == [NOON + timedelta(minutes=minutes) for minutes in (0, 1, 2)]
    assert store.watched_api_tokens.looked_up == 5
    assert (await store.api_tokens.list_all(owner_id=user.id))[0].last_used_at == NOON + timedelta(minutes=2)


async def test_the_use_of_an_api_token_is_noted_also_after_the_clock_was_set_back(
    authenticator: Authenticator, store: _WatchedStore, user: Account, clock: StandingClock
) -> None:
    await keep_api_token(store, user)
    await authenticator.principal(BEARER)

    an_hour_ago = clock.advance(hours=-1)
    await authenticator.principal(BEARER)

    assert store.watched_api_tokens.touches() == [NOON, an_hour_ago]
