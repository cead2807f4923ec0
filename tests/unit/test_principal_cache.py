"""The memory of who a bearer token belongs to."""

from datetime import timedelta

import pytest

from domain.authentication.principal import Principal
from domain.authentication.principal_cache import PrincipalCache
from tests.clock import NOON

ADA = Principal(account_id=1, scopes=frozenset(), session_id=1)
GRACE = Principal(account_id=2, scopes=frozenset(), session_id=2)
MICROSECOND = timedelta(microseconds=1)


def remember(
    principal_cache: PrincipalCache, bearer: str, principal: Principal, *, expires_in: float | None = None
) -> None:
    expires_at = None if expires_in is None else NOON + timedelta(seconds=expires_in)
    principal_cache.put(bearer, principal, at=NOON, expires_at=expires_at, generation=principal_cache.generation())


def test_a_token_is_trusted_for_thirty_seconds() -> None:
    principal_cache = PrincipalCache()

    remember(principal_cache, "ada's", ADA)

    assert principal_cache.get("ada's", at=NOON) is ADA
    assert principal_cache.get("ada's", at=NOON + timedelta(seconds=30) - MICROSECOND) is ADA
    assert principal_cache.get("ada's", at=NOON + timedelta(seconds=30)) is None


@pytest.mark.parametrize(("expires_in", "trusted_for"), [(5, 5), (30, 30), (31, 30), (900, 30)])
def test_no_token_is_trusted_longer_than_it_lives(expires_in: int, trusted_for: int) -> None:
    principal_cache = PrincipalCache()

    remember(principal_cache, "ada's", ADA, expires_in=expires_in)

    end = NOON + timedelta(seconds=trusted_for)
    assert principal_cache.get("ada's", at=end - MICROSECOND) is ADA
    assert principal_cache.get("ada's", at=end) is None


def test_a_clock_that_was_set_back_makes_no_token_trusted_for_longer() -> None:
    principal_cache = PrincipalCache()

    remember(principal_cache, "ada's", ADA)

    assert principal_cache.get("ada's", at=NOON - MICROSECOND) is None
    assert principal_cache.get("ada's", at=NOON - timedelta(hours=1)) is None


def test_an_unknown_token_belongs_to_nobody() -> None:
    principal_cache = PrincipalCache()

    remember(principal_cache, "ada's", ADA)

    assert principal_cache.get("ada", at=NOON) is None


async def test_every_token_of_an_account_is_forgotten_at_once_and_no_other() -> None:
    principal_cache = PrincipalCache()
    remember(principal_cache, "ada's first", ADA)
    remember(principal_cache, "ada's second", ADA)
    remember(principal_cache, "grace's", GRACE)

    await principal_cache.invalidate(ADA.account_id)

    assert principal_cache.get("ada's first", at=NOON) is None
    assert principal_cache.get("ada's second", at=NOON) is None
    assert principal_cache.get("grace's", at=NOON) is GRACE


async def test_a_look_up_that_is_older_than_a_forgetting_is_not_remembered() -> None:
    principal_cache = PrincipalCache()
    before = principal_cache.generation()

    await principal_cache.invalidate(ADA.account_id)
    principal_cache.put("ada's", ADA, at=NOON, expires_at=None, generation=before)

    assert principal_cache.get("ada's", at=NOON) is None
    remember(principal_cache, "ada's", ADA)
    assert principal_cache.get("ada's", at=NOON) is ADA


def test_the_oldest_is_forgotten_when_the_memory_is_full() -> None:
    principal_cache = PrincipalCache(capacity=3)

    for bearer in ("1", "2", "3", "4", "5"):
        remember(principal_cache, bearer, ADA)

    assert [bearer for bearer in "12345" if principal_cache.get(bearer, at=NOON)] == ["3", "4", "5"]


def test_a_token_that_is_looked_up_again_is_the_youngest() -> None:
    principal_cache = PrincipalCache(capacity=3)
    for bearer in ("1", "2"):
        remember(principal_cache, bearer, ADA)

    for bearer in ("1", "3", "4"):
        remember(principal_cache, bearer, ADA)

    assert [bearer for bearer in "1234" if principal_cache.get(bearer, at=NOON)] == ["1", "3", "4"]


def test_what_is_remembered_again_takes_no_room_from_others() -> None:
    principal_cache = PrincipalCache(capacity=3)
    for bearer in ("1", "2", "3"):
        remember(principal_cache, bearer, ADA)

    remember(principal_cache, "3", ADA)

    assert [bearer for bearer in "123" if principal_cache.get(bearer, at=NOON)] == ["1", "2", "3"]


class HeardRevocations:
    """Keeps what is announced."""

    def __init__(self) -> None:
        self.accounts: list[int] = []

    async def announce(self, account_id: int) -> None:
        self.accounts.append(account_id)

    async def broadcast(self, account_id: int | None) -> bool:
        raise AssertionError(account_id)  # nobody waits here


async def test_what_is_revoked_here_is_announced_and_what_was_heard_is_not_said_again() -> None:
    revocations = HeardRevocations()
    principal_cache = PrincipalCache(revocations=revocations)
    remember(principal_cache, "ada's", ADA)
    remember(principal_cache, "grace's", GRACE)

    principal_cache.evict(GRACE.account_id)
    await principal_cache.invalidate(ADA.account_id)

    assert principal_cache.get("ada's", at=NOON) is principal_cache.get("grace's", at=NOON) is None
    assert revocations.accounts == [ADA.account_id]


def test_everything_can_be_forgotten_and_no_older_look_up_is_remembered() -> None:
    principal_cache = PrincipalCache()
    remember(principal_cache, "ada's", ADA)
    generation = principal_cache.generation()

    principal_cache.evict_all()
    principal_cache.put("grace's", GRACE, at=NOON, expires_at=None, generation=generation)

    assert principal_cache.get("ada's", at=NOON) is principal_cache.get("grace's", at=NOON) is None
