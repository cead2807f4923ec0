"""Signing in, staying signed in, signing out."""

from contextlib import nullcontext
from datetime import timedelta

import pytest

from adapters.memory.store import MemoryStore
from adapters.rate_limits.unlimited import Unlimited
from adapters.security.access_tokens import JwtAccessTokens
from adapters.security.secrets import HmacSecrets
from domain.accounts.model import Account
from domain.accounts.requester import Requester
from domain.authentication.principal import Principal
from domain.authentication.principal_cache import PrincipalCache
from domain.errors import InvalidRefreshToken, NotFound, WrongCredentials
from domain.rate_limits.guard import SignInGuard
from domain.sessions.service import SessionService
from tests.builders import a_new_account
from tests.clock import NOON, StandingClock
from tests.harness import SECRET
from tests.unit.rivals import CountingPasswords

EMAIL = "ada@example.com"
UNGUARDED = SignInGuard(Unlimited(), secrets=HmacSecrets(SECRET))


@pytest.fixture
def passwords() -> CountingPasswords:
    return CountingPasswords()


@pytest.fixture
def principal_cache() -> PrincipalCache:
    return PrincipalCache()


@pytest.fixture
async def user(store: MemoryStore) -> Account:
    return await store.accounts.add(a_new_account(EMAIL, password_hash="v2:passw\u00f6rter"))


@pytest.fixture
def sessions(
    store: MemoryStore,
    passwords: CountingPasswords,
    principal_cache: PrincipalCache,
    clock: StandingClock,
    user: Account,
) -> SessionService:
    del user  # there is one
    return SessionService(
        store,
        passwords=passwords,
        access_tokens=JwtAccessTokens(SECRET),
        secrets=HmacSecrets(SECRET),
        principal_cache=principal_cache,
        guard=UNGUARDED,
        now=clock,
    )


async def test_the_right_password_starts_a_session(sessions: SessionService, user: Account) -> None:
    pair = await sessions.log_in(email=" ADA@example.com", password="passwo\u0308rter", user_agent="Firefox")

    claims = JwtAccessTokens(SECRET).read(pair.access_token)
    [session] = await sessions.list_all(owner_id=user.id)
    assert (pair.token_type, pair.expires_in) == ("bearer", 900)
    assert (claims.account_id, claims.session_id) == (user.id, session.id)
    assert (claims.issued_at, claims.expires_at) == (NOON, NOON + timedelta(minutes=15))
    assert (session.user_agent, session.created_at, session.last_used_at) == ("Firefox", NOON, NOON)
    assert session.expires_at == NOON + timedelta(days=30)


async def test_only_digests_of_a_refresh_token_are_stored(sessions: SessionService, store: MemoryStore) -> None:
    pair = await sessions.log_in(email=EMAIL, password="passw\u00f6rter")

    halves = pair.refresh_token.removeprefix("todo_refresh_").split(".")
    assert len(halves) == 2
    for half in halves:
        assert await store.sessions.family(half) is None
    family = await store.sessions.family(HmacSecrets(SECRET).digest(halves[0]))
    assert family is not None
    assert family.token_digest == HmacSecrets(SECRET).digest(halves[1])


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (EMAIL, "wrong"),
        (EMAIL, ""),
        (EMAIL, "\ud800"),
        (EMAIL, "Passw\u00f6rter"),
        ("grace@example.com", "passw\u00f6rter"),
        ("no address", "passw\u00f6rter"),
        ("x" * 200 + "@example.com", "passw\u00f6rter"),
        ("\x00@example.com", "passw\u00f6rter"),
        ("\ud800@example.com", "passw\u00f6rter"),
    ],
)
async def test_every_way_to_be_wrong_costs_one_verification_and_says_the_same(
    sessions: SessionService, passwords: CountingPasswords, user: Account, email: str, password: str
) -> None:
    with pytest.raises(WrongCredentials, match="The e-mail address or the password is wrong"):
        await sessions.log_in(email=email, password=password)

    assert len(passwords.verified) == 1
    assert passwords.hashed == 0
    assert await sessions.list_all(owner_id=user.id) == []


async def test_being_right_costs_one_verification_too(sessions: SessionService, passwords: CountingPasswords) -> None:
    await sessions.log_in(email=EMAIL, password="passw\u00f6rter")

    assert passwords.verified == ["v2:passw\u00f6rter"]
    assert passwords.hashed == 0


async def test_a_password_is_checked_on_behalf_of_where_it_comes_from(
    sessions: SessionService, passwords: CountingPasswords
) -> None:
    for address in ("192.0.2.1", "2001:db8:1:2::3", None):
        await sessions.log_in(email=EMAIL, password="passw\u00f6rter", address=address)

    assert [requester.key for requester in passwords.requesters] == ["192.0.2.1", "2001:db8:1::/48", "unknown"]


async def test_an_outdated_hash_is_brought_up_to_date(
    sessions: SessionService, store: MemoryStore, user: Account
) -> None:
    await store.accounts.replace_password(user.id, "v1:old one", replacing="v2:passw\u00f6rter")

    await sessions.log_in(email=EMAIL, password="old one")

    assert (await store.accounts.credentials(user.id)).password_hash == "v2:old one"


async def test_an_outdated_hash_stays_after_a_wrong_password(
    sessions: SessionService, store: MemoryStore, user: Account
) -> None:
    await store.accounts.replace_password(user.id, "v1:old one", replacing="v2:passw\u00f6rter")

    with pytest.raises(WrongCredentials):
        await sessions.log_in(email=EMAIL, password="wrong")

    assert (await store.accounts.credentials(user.id)).password_hash == "v1:old one"


class _ChangedMeanwhile(CountingPasswords):
    """Somebody else replaces the hash while this one computes another."""

    def __init__(self, store: MemoryStore, new_hash: str) -> None:
        super().__init__()
        self._store = store
        self._new_hash = new_hash

    async def hash(self, password: str, *, requester: Requester) -> str:
        found = await self._store.accounts.credentials_by_email("grace@example.com")
        assert found is not None
        await self._store.accounts.replace_password(found.account_id, self._new_hash, replacing=found.password_hash)
        return await super().hash(password, requester=requester)


@pytest.mark.parametrize(("meanwhile", "is_let_in"), [("v2:theirs", False), ("v2:old one", True)])
async def test_a_hash_that_is_replaced_while_it_is_brought_up_to_date_stays_and_counts(
    store: MemoryStore, clock: StandingClock, principal_cache: PrincipalCache, meanwhile: str, *, is_let_in: bool
) -> None:
    user = await store.accounts.add(a_new_account("grace@example.com", password_hash="v1:old one"))
    sessions = SessionService(
        store,
        passwords=_ChangedMeanwhile(store, meanwhile),
        access_tokens=JwtAccessTokens(SECRET),
        secrets=HmacSecrets(SECRET),
        principal_cache=principal_cache,
        guard=UNGUARDED,
        now=clock,
    )

    with nullcontext() if is_let_in else pytest.raises(WrongCredentials):
        await sessions.log_in(email="grace@example.com", password="old one")

    assert (await store.accounts.credentials(user.id)).password_hash == meanwhile
    assert len(await sessions.list_all(owner_id=user.id)) == int(is_let_in)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (None, None),
        ("", None),
        ("\x00\ud800\n", None),
        ("Fire\x00fox\r\n\u2029 1", "Firefox 1"),
        ("x" * 300, "x" * 200),
        ("Füchsin \U0001f98a", "Füchsin \U0001f98a"),
    ],
)
async def test_of_a_user_agent_only_what_can_be_shown_is_kept(
    sessions: SessionService, user: Account, given: str | None, kept: str | None
) -> None:
    await sessions.log_in(email=EMAIL, password="passw\u00f6rter", user_agent=given)

    [session] = await sessions.list_all(owner_id=user.id)
    assert session.user_agent == kept


async def test_signing_out_ends_the_session_and_is_no_error_twice(
    sessions: SessionService, user: Account, principal_cache: PrincipalCache
) -> None:
    pair = await sessions.log_in(email=EMAIL, password="passw\u00f6rter")
    [session] = await sessions.list_all(owner_id=user.id)
    principal = Principal(account_id=user.id, scopes=frozenset(), session_id=session.id)
    principal_cache.put(pair.access_token, principal, at=NOON, expires_at=None, generation=principal_cache.generation())

    await sessions.log_out(session.id, owner_id=user.id)
    await sessions.log_out(session.id, owner_id=user.id)

    assert await sessions.list_all(owner_id=user.id) == []
    assert principal_cache.get(pair.access_token, at=NOON) is None
    with pytest.raises(InvalidRefreshToken):
        await sessions.refresh(pair.refresh_token)


async def test_signing_out_with_a_refresh_token_ends_its_session_only(sessions: SessionService, user: Account) -> None:
    here = await sessions.log_in(email=EMAIL, password="passw\u00f6rter", user_agent="here")
    await sessions.log_in(email=EMAIL, password="passw\u00f6rter", user_agent="there")

    for token in (here.refresh_token, here.refresh_token, "todo_refresh_a.b", "nonsense"):
        await sessions.log_out_by_refresh_token(token)

    assert [session.user_agent for session in await sessions.list_all(owner_id=user.id)] == ["there"]


async def test_only_its_owner_can_end_a_session(sessions: SessionService, user: Account) -> None:
    await sessions.log_in(email=EMAIL, password="passw\u00f6rter")
    [session] = await sessions.list_all(owner_id=user.id)

    with pytest.raises(NotFound):
        await sessions.revoke(session.id, owner_id=user.id + 1)

    assert len(await sessions.list_all(owner_id=user.id)) == 1


async def test_signing_in_sweeps_away_sessions_that_have_expired(
    sessions: SessionService, store: MemoryStore, clock: StandingClock
) -> None:
    old = await sessions.log_in(email=EMAIL, password="passw\u00f6rter")
    family = HmacSecrets(SECRET).digest(old.refresh_token.removeprefix("todo_refresh_").partition(".")[0])
    assert await store.sessions.family(family) is not None
    clock.advance(days=30)

    await sessions.log_in(email=EMAIL, password="passw\u00f6rter")

    assert await store.sessions.family(family) is None
