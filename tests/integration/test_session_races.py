"""Sessions and passwords at the same moment, between two instances of the service on one database."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from adapters.security.passwords import Argon2Passwords
from adapters.sqlalchemy.store import SqlAlchemyStore
from domain.accounts.requester import Requester
from domain.errors import Conflict, InvalidRefreshToken, Unauthenticated, WrongCredentials
from entrypoints.services import Services
from entrypoints.wiring import build_services
from tests.clock import StandingClock
from tests.harness import PASSWORD, QUICK_HASHER, SECRET, patient_turns

Replicas = tuple[Services, Services]
EMAIL = "ada@example.com"


@pytest.fixture
async def owner_id(replicas: Replicas) -> int:
    """The id of an account whose password is ``PASSWORD``."""
    return (await replicas[0].accounts.register(email=EMAIL, password=PASSWORD)).id


class PasswordsInStep(Argon2Passwords):
    """Hashes for two at once: both have read the old password before either stores a new one."""

    def __init__(self) -> None:
        super().__init__(patient_turns(), QUICK_HASHER, threads=2)
        self._both_are_here = asyncio.Barrier(2)

    async def hash(self, password: str, *, requester: Requester) -> str:
        """See ``Argon2Passwords``."""
        await self._both_are_here.wait()
        return await super().hash(password, requester=requester)


@pytest.fixture
async def passwords_in_step() -> AsyncGenerator[PasswordsInStep]:
    """Two changes of a password wait for each other half-way."""
    passwords = PasswordsInStep()
    yield passwords
    passwords.close()


@pytest.mark.usefixtures("owner_id")
class TestRefreshing:
    async def test_refreshes_with_the_same_token_at_once_get_the_same_successor(self, replicas: Replicas) -> None:
        one, other = replicas
        pair = await one.sessions.log_in(email=EMAIL, password=PASSWORD)

        pairs = await asyncio.gather(
            *(replica.sessions.refresh(pair.refresh_token) for replica in (one, other, one, other))
        )

        (successor,) = {refreshed.refresh_token for refreshed in pairs}
        assert successor != pair.refresh_token

    async def test_the_session_survives_such_refreshes(self, replicas: Replicas) -> None:
        one, other = replicas
        pair = await one.sessions.log_in(email=EMAIL, password=PASSWORD)

        first, second = await asyncio.gather(
            one.sessions.refresh(pair.refresh_token), other.sessions.refresh(pair.refresh_token)
        )

        assert await other.authenticator.principal(first.access_token)
        assert await one.authenticator.principal(second.access_token)
        assert await other.sessions.refresh(first.refresh_token)

    async def test_an_old_token_ends_the_session_everywhere(self, replicas: Replicas) -> None:
        one, other = replicas
        stolen = await one.sessions.log_in(email=EMAIL, password=PASSWORD)
        pair = await one.sessions.refresh(stolen.refresh_token)
        latest = await one.sessions.refresh(pair.refresh_token)

        with pytest.raises(InvalidRefreshToken, match="used before"):
            await other.sessions.refresh(stolen.refresh_token)

        with pytest.raises(InvalidRefreshToken):
            await one.sessions.refresh(latest.refresh_token)
        with pytest.raises(Unauthenticated):
            await other.authenticator.principal(latest.access_token)

    async def test_an_old_token_beside_a_good_one_ends_the_session_all_the_same(self, replicas: Replicas) -> None:
        one, other = replicas
        stolen = await one.sessions.log_in(email=EMAIL, password=PASSWORD)
        pair = await one.sessions.refresh(stolen.refresh_token)
        latest = await one.sessions.refresh(pair.refresh_token)

        refreshed, reused = await asyncio.gather(
            one.sessions.refresh(latest.refresh_token),
            other.sessions.refresh(stolen.refresh_token),
            return_exceptions=True,
        )

        assert isinstance(reused, InvalidRefreshToken)
        good = refreshed if not isinstance(refreshed, BaseException) else latest
        with pytest.raises(InvalidRefreshToken):
            await one.sessions.refresh(good.refresh_token)

    async def test_a_session_that_ends_while_it_is_refreshed_stays_ended(
        self, replicas: Replicas, owner_id: int
    ) -> None:
        one, other = replicas
        pair = await one.sessions.log_in(email=EMAIL, password=PASSWORD)

        refreshed, _ = await asyncio.gather(
            one.sessions.refresh(pair.refresh_token),
            other.sessions.log_out_by_refresh_token(pair.refresh_token),
            return_exceptions=True,
        )

        good = refreshed if not isinstance(refreshed, BaseException) else pair
        with pytest.raises(InvalidRefreshToken):
            await one.sessions.refresh(good.refresh_token)
        assert await one.sessions.list_all(owner_id=owner_id) == []


class TestPasswords:
    async def test_of_two_changes_of_a_password_one_is_in_conflict(
        self,
        twin_stores: tuple[SqlAlchemyStore, SqlAlchemyStore],
        passwords_in_step: PasswordsInStep,
        clock: StandingClock,
        owner_id: int,
    ) -> None:
        replicas = [
            build_services(store, passwords=passwords_in_step, secret=SECRET, readiness=_ready, now=clock)
            for store in twin_stores
        ]
        new_passwords = [f"{replica} {PASSWORD}" for replica in ("one", "other")]

        results = await asyncio.gather(
            *(
                replica.accounts.change_password(
                    owner_id, old_password=PASSWORD, new_password=new_password, session_id=None
                )
                for replica, new_password in zip(replicas, new_passwords, strict=True)
            ),
            return_exceptions=True,
        )

        loser = 0 if isinstance(results[0], Conflict) else 1
        assert isinstance(results[loser], Conflict)
        assert results[1 - loser] is None
        sessions = replicas[0].sessions
        assert await sessions.log_in(email=EMAIL, password=new_passwords[1 - loser])
        for wrong in (PASSWORD, new_passwords[loser]):
            with pytest.raises(WrongCredentials):
                await sessions.log_in(email=EMAIL, password=wrong)


async def _ready() -> list[str]:
    return []


async def test_no_session_outlives_the_password_it_was_started_with(replicas: Replicas) -> None:
    one, other = replicas
    account = await one.accounts.register(email="ada@example.com", password="password 0")

    for turn in range(5):
        old, new = f"password {turn}", f"password {turn + 1}"
        await asyncio.gather(
            *(other.sessions.log_in(email="ada@example.com", password=old) for _ in range(4)),
            one.accounts.change_password(account.id, old_password=old, new_password=new, session_id=None),
            *(other.sessions.log_in(email="ada@example.com", password=old) for _ in range(4)),
            return_exceptions=True,
        )

        assert await one.sessions.list_all(owner_id=account.id) == []
