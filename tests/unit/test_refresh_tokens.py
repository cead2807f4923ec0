"""Refresh tokens: each is good once, and a moment longer for whoever lost the answer."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.sessions import MemorySessions
from adapters.memory.store import MemoryStore
from adapters.security.secrets import HmacSecrets
from domain.accounts.model import Account
from domain.errors import InvalidRefreshToken, Unauthenticated
from domain.sessions.model import Family, RefreshToken
from domain.sessions.service import SessionService
from entrypoints.services import Services
from tests.clock import NOON, StandingClock
from tests.harness import PASSWORD, SECRET


@pytest.fixture
def sessions(services: Services) -> SessionService:
    return services.sessions


@pytest.fixture
async def first(sessions: SessionService, user: Account) -> str:
    """The refresh token of a session that has just begun."""
    return (await sessions.log_in(email=user.email, password=PASSWORD)).refresh_token


async def is_signed_in(sessions: SessionService, user: Account) -> bool:
    return await sessions.list_all(owner_id=user.id) != []


async def test_a_refresh_token_is_exchanged_for_the_next_one(
    services: Services, user: Account, first: str, clock: StandingClock
) -> None:
    clock.advance(hours=1)

    pair = await services.sessions.refresh(first)

    [session] = await services.sessions.list_all(owner_id=user.id)
    principal = await services.authenticator.principal(pair.access_token)
    assert pair.refresh_token != first
    assert (session.created_at, session.last_used_at) == (NOON, clock.now)
    assert (principal.account_id, principal.session_id) == (user.id, session.id)


async def test_a_session_lives_on_while_it_is_used_but_no_longer_than_ninety_days(
    sessions: SessionService, user: Account, first: str, clock: StandingClock
) -> None:
    token = first

    for _ in range(3):
        clock.advance(days=29)
        token = (await sessions.refresh(token)).refresh_token
    clock.now = NOON + timedelta(days=90, microseconds=-1)
    token = (await sessions.refresh(token)).refresh_token
    [session] = await sessions.list_all(owner_id=user.id)
    clock.advance(microseconds=1)

    assert session.expires_at == clock.now
    assert not await is_signed_in(sessions, user)
    with pytest.raises(InvalidRefreshToken):
        await sessions.refresh(token)


async def test_a_session_that_was_promised_more_than_ninety_days_ends_all_the_same(
    sessions: SessionService, store: MemoryStore, user: Account, first: str, clock: StandingClock
) -> None:
    [session] = await sessions.list_all(owner_id=user.id)
    token = RefreshToken.parse(first)
    assert token is not None
    digest = HmacSecrets(SECRET).digest(token.secret)
    await store.sessions.rotate(
        session.id,
        owner_id=user.id,
        digest=digest,
        replacing=digest,
        at=NOON,
        expires_at=NOON + timedelta(days=365),
    )
    clock.advance(days=90)

    with pytest.raises(InvalidRefreshToken):
        await sessions.refresh(first)


async def test_a_session_that_is_not_used_ends_after_thirty_days(
    sessions: SessionService, user: Account, first: str, clock: StandingClock
) -> None:
    clock.advance(days=30)

    with pytest.raises(InvalidRefreshToken):
        await sessions.refresh(first)

    assert not await is_signed_in(sessions, user)


async def test_a_microsecond_before_thirty_days_is_not_too_late(
    sessions: SessionService, user: Account, first: str, clock: StandingClock
) -> None:
    clock.advance(days=30, microseconds=-1)

    await sessions.refresh(first)

    [session] = await sessions.list_all(owner_id=user.id)
    assert session.expires_at == clock.now + timedelta(days=30)


@pytest.mark.parametrize("seconds", [0, 1, 10])
async def test_the_same_exchange_within_ten_seconds_gives_the_same_token(
    sessions: SessionService, first: str, clock: StandingClock, seconds: int
) -> None:
    once = await sessions.refresh(first)
    clock.advance(seconds=seconds)

    again = await sessions.refresh(first)

    assert again.refresh_token == once.refresh_token
    await sessions.refresh(again.refresh_token)


async def test_a_used_token_is_not_good_again_because_the_clock_was_set_back(
    sessions: SessionService, user: Account, first: str, clock: StandingClock
) -> None:
    second = (await sessions.refresh(first)).refresh_token
    clock.advance(hours=-1)

    with pytest.raises(InvalidRefreshToken, match="used before"):
        await sessions.refresh(first)

    assert not await is_signed_in(sessions, user)
    with pytest.raises(InvalidRefreshToken):
        await sessions.refresh(second)


@pytest.mark.parametrize("seconds", [-1, -10])
async def test_a_retry_at_a_replica_whose_clock_is_a_little_behind_gives_the_same_token(
    sessions: SessionService, first: str, clock: StandingClock, seconds: int
) -> None:
    once = await sessions.refresh(first)
    clock.advance(seconds=seconds)

    again = await sessions.refresh(first)

    assert again.refresh_token == once.refresh_token


async def test_whoever_is_signed_in_stays_so_when_the_clock_is_set_back(
    services: Services, first: str, clock: StandingClock
) -> None:
    clock.advance(hours=-1)

    pair = await services.sessions.refresh(first)

    assert await services.authenticator.principal(pair.access_token)


async def test_a_retry_does_not_open_the_window_anew(
    sessions: SessionService, user: Account, first: str, clock: StandingClock
) -> None:
    await sessions.refresh(first)
    clock.advance(seconds=6)
    await sessions.refresh(first)
    clock.advance(seconds=6)

    with pytest.raises(InvalidRefreshToken):
        await sessions.refresh(first)

    assert not await is_signed_in(sessions, user)


async def test_a_token_that_is_used_again_later_ends_the_whole_family(
    sessions: SessionService, user: Account, first: str, clock: StandingClock
) -> None:
    second = (await sessions.refresh(first)).refresh_token
    clock.advance(seconds=10, microseconds=1)

    with pytest.raises(InvalidRefreshToken, match="used before"):
        await sessions.refresh(first)

    assert not await is_signed_in(sessions, user)
    with pytest.raises(InvalidRefreshToken):
        await sessions.refresh(second)


async def test_a_token_older_than_the_last_one_is_never_a_retry(
    sessions: SessionService, user: Account, first: str
) -> None:
    second = (await sessions.refresh(first)).refresh_token
    await sessions.refresh(second)

    with pytest.raises(InvalidRefreshToken, match="used before"):
        await sessions.refresh(first)

    assert not await is_signed_in(sessions, user)


async def test_the_access_token_of_a_family_that_ended_is_forgotten_at_once(
    services: Services, first: str, clock: StandingClock
) -> None:
    pair = await services.sessions.refresh(first)
    await services.authenticator.principal(pair.access_token)
    clock.advance(seconds=11)

    with pytest.raises(InvalidRefreshToken):
        await services.sessions.refresh(first)

    with pytest.raises(Unauthenticated):
        await services.authenticator.principal(pair.access_token)


async def test_a_family_with_another_secret_ends_too(sessions: SessionService, user: Account, first: str) -> None:
    forged = first.rpartition(".")[0] + ".forged"

    with pytest.raises(InvalidRefreshToken, match="used before"):
        await sessions.refresh(forged)

    assert not await is_signed_in(sessions, user)


@pytest.mark.parametrize(
    "token",
    [
        "", "nonsense", "todo_refresh_", "todo_refresh_.", "todo_refresh_a.", "todo_refresh_.b", "todo_refresh_ä.b",
        "todo_refresh_\ud800.b", "todo_refresh_unknown.secret",
    ],
)  # fmt: skip
async def test_an_unknown_token_is_refused_and_ends_nothing(
    sessions: SessionService, user: Account, first: str, token: str
) -> None:
    assert first

    with pytest.raises(InvalidRefreshToken):
        await sessions.refresh(token)

    assert await is_signed_in(sessions, user)


async def test_many_at_once_with_the_same_token_all_get_the_same_successor(
    sessions: SessionService, user: Account, first: str
) -> None:
    pairs = await asyncio.gather(*(sessions.refresh(first) for _ in range(8)))

    assert len({pair.refresh_token for pair in pairs}) == 1
    assert await is_signed_in(sessions, user)


class _OvertakenSessions(MemorySessions):
    """Right after a family was read, another request does something with it, once."""

    meanwhile: Callable[[Family], Awaitable[object]] | None = None

    async def family(self, family_digest: str) -> Family | None:
        family = await super().family(family_digest)
        event, self.meanwhile = self.meanwhile, None
        if family is not None and event is not None:
            await event(family)
        return family

    async def end(self, family: Family) -> None:
        await self.remove(family.session_id, owner_id=family.account_id)

    async def replace_secret(self, family: Family) -> None:
        await self.rotate(
            family.session_id,
            owner_id=family.account_id,
            digest="of somebody else",
            replacing=family.token_digest,
            at=NOON,
            expires_at=family.expires_at,
        )


@pytest.fixture
def overtaken(store: MemoryStore) -> _OvertakenSessions:
    """The sessions of the store, from now on."""
    store.sessions = sessions = _OvertakenSessions(store._state)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - the same memory
    return sessions


@pytest.mark.parametrize("event", [_OvertakenSessions.end, _OvertakenSessions.replace_secret])
async def test_whoever_is_overtaken_by_something_else_gets_nothing(
    overtaken: _OvertakenSessions,
    sessions: SessionService,
    user: Account,
    first: str,
    event: Callable[[_OvertakenSessions, Family], Awaitable[None]],
) -> None:
    overtaken.meanwhile = partial(event, overtaken)

    with pytest.raises(InvalidRefreshToken):
        await sessions.refresh(first)

    assert not await is_signed_in(sessions, user)


async def test_whoever_is_overtaken_by_the_same_exchange_gets_the_same_token(
    overtaken: _OvertakenSessions, sessions: SessionService, first: str
) -> None:
    faster: list[str] = []

    async def exchange(_: Family) -> None:
        faster.append((await sessions.refresh(first)).refresh_token)

    overtaken.meanwhile = exchange

    slower = await sessions.refresh(first)

    assert [slower.refresh_token] == faster
    await sessions.refresh(slower.refresh_token)


words = st.text("abcXYZ019-_", min_size=1)


@given(words, words)
def test_a_token_is_read_as_it_was_written(family: str, secret: str) -> None:
    token = RefreshToken(family, secret)

    assert RefreshToken.parse(str(token)) == token


@given(st.text(st.characters(exclude_categories=())))
def test_reading_a_token_never_fails(text: str) -> None:
    for candidate in (text, f"todo_refresh_{text}"):
        token = RefreshToken.parse(candidate)

        assert token is None or str(token) == candidate
