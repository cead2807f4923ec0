"""What an operator takes back is good no more, in every process that was told or has waited for half a minute."""

import pytest

from adapters.memory.store import MemoryStore
from domain.accounts.model import Account
from domain.api_tokens.model import NewApiToken
from domain.authentication import revocation
from domain.authentication.principal import EVERY_SCOPE, Principal, TokenScope
from domain.authentication.revocation import RevocationService, Revoked
from domain.errors import InvalidRefreshToken, NotFound, Unauthenticated
from entrypoints.services import Services
from tests.builders import a_new_account, a_new_session, an_api_token
from tests.clock import NOON, StandingClock
from tests.harness import PASSWORD, services_on


class Audience:
    """Keeps what it is told; one that is not there cannot be told."""

    def __init__(self, *, is_there: bool = True) -> None:
        self.is_there = is_there
        self.told: list[int | None] = []

    async def announce(self, account_id: int) -> None:
        raise AssertionError(account_id)  # an operator waits until it is said

    async def broadcast(self, account_id: int | None) -> bool:
        self.told.append(account_id)
        return self.is_there


@pytest.fixture
def audience() -> Audience:
    return Audience()


@pytest.fixture
def service(store: MemoryStore, audience: Audience) -> RevocationService:
    return RevocationService(store, revocations=audience)


async def signed_in(services: Services, user: Account) -> tuple[str, str, str]:
    """Return an access token, a refresh token and an API token of somebody."""
    pair = await services.sessions.log_in(email=user.email, password=PASSWORD)
    everything = Principal(account_id=user.id, scopes=EVERY_SCOPE)
    api_token = await services.api_tokens.create(
        NewApiToken(name="backup", scopes=[TokenScope.TODOS_READ]), principal=everything
    )
    return pair.access_token, pair.refresh_token, api_token.token


async def is_good(services: Services, bearer: str) -> bool:
    try:
        await services.authenticator.principal(bearer)
    except Unauthenticated:
        return False
    return True


async def test_what_was_given_out_is_refused_also_where_it_was_just_seen(
    services: Services, store: MemoryStore, service: RevocationService, user: Account, clock: StandingClock
) -> None:
    access_token, refresh_token, api_token = await signed_in(services, user)
    elsewhere = services_on(store, now=clock)
    for bearer in (access_token, api_token):
        assert await is_good(elsewhere, bearer)

    revoked = await service.revoke(f" {user.email.upper()}", sessions=True, api_tokens=True)
    clock.advance(seconds=30)

    assert revoked == Revoked(sessions=1, api_tokens=1, is_announced=True)
    for bearer in (access_token, api_token):
        assert not await is_good(elsewhere, bearer)
    with pytest.raises(InvalidRefreshToken):
        await elsewhere.sessions.refresh(refresh_token)
    assert await services.sessions.log_in(email=user.email, password=PASSWORD)


@pytest.mark.parametrize(("sessions", "api_tokens"), [(True, False), (False, True)])
async def test_sessions_and_api_tokens_can_be_taken_back_by_themselves(
    services: Services,
    service: RevocationService,
    user: Account,
    clock: StandingClock,
    *,
    sessions: bool,
    api_tokens: bool,
) -> None:
    access_token, _, api_token = await signed_in(services, user)

    one = await service.revoke(user.email, sessions=sessions, api_tokens=api_tokens)
    clock.advance(seconds=30)

    assert (one.sessions, one.api_tokens) == (sessions, api_tokens)
    assert await is_good(services, access_token) is not sessions
    assert await is_good(services, api_token) is not api_tokens


async def test_others_keep_what_they_have(
    store: MemoryStore, service: RevocationService, audience: Audience, user: Account, stranger: Account
) -> None:
    session = await store.sessions.add(a_new_session(), owner_id=stranger.id)
    token = await store.api_tokens.add(an_api_token(), owner_id=stranger.id, digest="d")

    assert await service.revoke(user.email, sessions=True, api_tokens=True) == Revoked(
        sessions=0, api_tokens=0, is_announced=True
    )

    assert audience.told == [user.id]
    assert await store.sessions.list_all(owner_id=stranger.id, at=NOON) == [session]
    assert await store.api_tokens.list_all(owner_id=stranger.id) == [token]


async def test_everybody_can_be_signed_out_however_many_they_are(
    store: MemoryStore, service: RevocationService, audience: Audience, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocation, "_BATCH_SIZE", 2)
    for number in range(5):
        owner = await store.accounts.add(a_new_account(f"{number}@example.com"))
        await store.sessions.add(a_new_session(str(number)), owner_id=owner.id)
        await store.api_tokens.add(an_api_token(), owner_id=owner.id, digest=str(number))

    assert await service.revoke_of_everybody(sessions=True, api_tokens=False) == Revoked(
        sessions=5, api_tokens=0, is_announced=True
    )
    assert await service.revoke_of_everybody(sessions=True, api_tokens=True) == Revoked(
        sessions=0, api_tokens=5, is_announced=True
    )

    assert audience.told == [None, None]


@pytest.mark.parametrize("audience", [None, Audience(is_there=False)])
async def test_it_is_told_when_the_others_have_to_find_out_by_themselves(
    store: MemoryStore, audience: Audience | None, user: Account
) -> None:
    service = RevocationService(store, revocations=audience)

    assert not (await service.revoke(user.email, sessions=True, api_tokens=True)).is_announced
    assert not (await service.revoke_of_everybody(sessions=True, api_tokens=True)).is_announced


async def test_an_address_that_nobody_has_is_no_success(service: RevocationService, audience: Audience) -> None:
    for email in ("nobody@example.com", "nobody"):
        with pytest.raises(NotFound):
            await service.revoke(email, sessions=True, api_tokens=True)

    assert audience.told == []
