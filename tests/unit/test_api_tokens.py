"""Personal API tokens."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

from adapters.memory.store import MemoryStore
from adapters.security.secrets import HmacSecrets
from domain.accounts.model import Account
from domain.api_tokens.model import NewApiToken
from domain.api_tokens.service import ApiTokenService
from domain.authentication.principal import EVERY_SCOPE, Principal, TokenScope
from domain.authentication.principal_cache import PrincipalCache
from domain.errors import Forbidden, Invalid, NotFound, Unauthenticated
from entrypoints.services import Services
from tests.clock import NOON, StandingClock
from tests.harness import SECRET


@pytest.fixture
def principal_cache() -> PrincipalCache:
    return PrincipalCache()


@pytest.fixture
def api_tokens(store: MemoryStore, principal_cache: PrincipalCache, clock: StandingClock) -> ApiTokenService:
    return ApiTokenService(store, secrets=HmacSecrets(SECRET), principal_cache=principal_cache, now=clock)


@pytest.fixture
def principal(user: Account) -> Principal:
    """The account, asking through a session."""
    return Principal(account_id=user.id, scopes=EVERY_SCOPE, session_id=1)


def a_new_token(name: str = "backup", *scopes: TokenScope, expires_at: datetime | None = None) -> NewApiToken:
    return NewApiToken(name=name, scopes=list(scopes or (TokenScope.TODOS_READ,)), expires_at=expires_at)


async def test_a_token_is_shown_once_and_only_its_digest_is_kept(
    api_tokens: ApiTokenService, store: MemoryStore, principal: Principal
) -> None:
    issued = await api_tokens.create(a_new_token(" backup "), principal=principal)

    [listed] = await api_tokens.list_all(owner_id=principal.account_id)
    found = await store.api_tokens.by_digest(HmacSecrets(SECRET).digest(issued.token))
    assert re.fullmatch(r"todo_pat_[A-Za-z0-9_-]{43}", issued.token)
    assert (issued.name, issued.created_at, issued.expires_at, issued.last_used_at) == ("backup", NOON, None, None)
    assert found == (principal.account_id, listed)
    assert listed.id == issued.id
    assert not hasattr(listed, "token")


async def test_scopes_are_kept_once_each_in_order(api_tokens: ApiTokenService, principal: Principal) -> None:
    issued = await api_tokens.create(
        a_new_token("x", TokenScope.TODOS_WRITE, TokenScope.TODOS_READ, TokenScope.TODOS_WRITE), principal=principal
    )

    assert issued.scopes == (TokenScope.TODOS_READ, TokenScope.TODOS_WRITE)


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "\x00", "\ud800"])
async def test_a_name_that_breaks_a_rule_is_pointed_to(
    api_tokens: ApiTokenService, principal: Principal, name: str
) -> None:
    with pytest.raises(Invalid) as error:
        await api_tokens.create(a_new_token(name), principal=principal)

    assert error.value.pointer == "/name"
    assert await api_tokens.list_all(owner_id=principal.account_id) == []


async def test_the_end_of_a_token_is_kept_in_utc(api_tokens: ApiTokenService, principal: Principal) -> None:
    in_berlin = datetime(2027, 1, 1, 0, 0, tzinfo=timezone(timedelta(hours=1)))

    issued = await api_tokens.create(a_new_token(expires_at=in_berlin), principal=principal)

    assert issued.expires_at is not None
    assert (issued.expires_at, issued.expires_at.tzinfo) == (datetime(2026, 12, 31, 23, 0, tzinfo=UTC), UTC)


@pytest.mark.parametrize(
    "expires_at",
    [NOON, NOON - timedelta(days=1), datetime(2027, 1, 1), datetime.max.replace(tzinfo=timezone(timedelta(hours=-1)))],  # noqa: DTZ001 - that is the point
)
async def test_a_token_ends_in_the_future_and_inside_the_calendar(
    api_tokens: ApiTokenService, principal: Principal, expires_at: datetime
) -> None:
    with pytest.raises(Invalid) as error:
        await api_tokens.create(a_new_token(expires_at=expires_at), principal=principal)

    assert error.value.pointer == "/expires_at"


async def test_a_token_cannot_make_a_mightier_one(api_tokens: ApiTokenService, user: Account) -> None:
    writer = Principal(account_id=user.id, scopes=frozenset({TokenScope.ACCOUNT_WRITE, TokenScope.TODOS_READ}))

    with pytest.raises(Forbidden):
        await api_tokens.create(a_new_token("x", TokenScope.TODOS_READ, TokenScope.TODOS_WRITE), principal=writer)
    issued = await api_tokens.create(a_new_token("x", TokenScope.TODOS_READ), principal=writer)

    assert issued.scopes == (TokenScope.TODOS_READ,)


@pytest.mark.parametrize("expires_at", [None, NOON + timedelta(hours=2)])
async def test_a_token_cannot_make_one_that_outlives_it(
    api_tokens: ApiTokenService, user: Account, expires_at: datetime | None
) -> None:
    short_lived = Principal(account_id=user.id, scopes=EVERY_SCOPE, expires_at=NOON + timedelta(hours=1))

    with pytest.raises(Forbidden):
        await api_tokens.create(
            NewApiToken(name="x", scopes=[TokenScope.TODOS_READ], expires_at=expires_at), principal=short_lived
        )


async def test_tokens_are_listed_the_newest_first(api_tokens: ApiTokenService, principal: Principal) -> None:
    for name in ("first", "second"):
        await api_tokens.create(a_new_token(name), principal=principal)

    listed = await api_tokens.list_all(owner_id=principal.account_id)

    assert [token.name for token in listed] == ["second", "first"]
    assert await api_tokens.list_all(owner_id=principal.account_id + 1) == []


async def test_only_its_owner_can_revoke_a_token(api_tokens: ApiTokenService, principal: Principal) -> None:
    issued = await api_tokens.create(a_new_token(), principal=principal)

    with pytest.raises(NotFound):
        await api_tokens.revoke(issued.id, owner_id=principal.account_id + 1)
    await api_tokens.revoke(issued.id, owner_id=principal.account_id)

    with pytest.raises(NotFound):
        await api_tokens.revoke(issued.id, owner_id=principal.account_id)


async def test_a_revoked_token_is_useless_at_once(services: Services, principal: Principal) -> None:
    issued = await services.api_tokens.create(a_new_token(), principal=principal)
    assert (await services.authenticator.principal(issued.token)).account_id == principal.account_id

    await services.api_tokens.revoke(issued.id, owner_id=principal.account_id)

    with pytest.raises(Unauthenticated):
        await services.authenticator.principal(issued.token)
