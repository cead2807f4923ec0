"""What people do with their accounts."""

from contextlib import suppress

import pytest

from adapters.memory.store import MemoryStore
from domain.accounts.model import AccountPatch
from domain.accounts.requester import Requester
from domain.accounts.service import AccountService
from domain.authentication.principal import Principal
from domain.authentication.principal_cache import PrincipalCache
from domain.errors import (
    Conflict,
    EmailTaken,
    Forbidden,
    GuessablePassword,
    Invalid,
    StaleVersion,
    Unauthenticated,
    WrongPassword,
)
from domain.versions import Versions
from tests.builders import a_new_account, a_new_session, a_todo, an_api_token
from tests.clock import NOON, StandingClock
from tests.unit.rivals import CountingPasswords, RivalledStore

COMMON = frozenset({"password1"})


@pytest.fixture
def passwords() -> CountingPasswords:
    return CountingPasswords()


@pytest.fixture
def principal_cache() -> PrincipalCache:
    return PrincipalCache()


@pytest.fixture
def accounts(
    store: MemoryStore, passwords: CountingPasswords, principal_cache: PrincipalCache, clock: StandingClock
) -> AccountService:
    return AccountService(
        store, passwords=passwords, common_passwords=COMMON, principal_cache=principal_cache, now=clock
    )


async def test_an_account_is_opened_under_the_address_in_lower_case(
    accounts: AccountService, store: MemoryStore
) -> None:
    account = await accounts.register(email=" Ada@Example.com ", password="passwo\u0308rter")

    credentials = await store.accounts.credentials(account.id)
    assert (account.email, account.created_at, account.version) == ("ada@example.com", NOON, 1)
    assert credentials.password_hash == "v2:passw\u00f6rter"


async def test_an_address_has_one_account(accounts: AccountService) -> None:
    await accounts.register(email="ada@example.com", password="12345678")

    with pytest.raises(EmailTaken):
        await accounts.register(email="ADA@example.com", password="12345678")


async def test_a_taken_address_costs_the_same_hash_as_a_free_one(
    accounts: AccountService, passwords: CountingPasswords
) -> None:
    await accounts.register(email="ada@example.com", password="12345678")

    with pytest.raises(EmailTaken):
        await accounts.register(email="ada@example.com", password="87654321")

    assert passwords.hashed == 2


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("nobody", "12345678"),
        ("ada@example.com", "1234567"),
        ("ada@example.com", "PassWord1"),
        ("ada@example.com", "Ada@example.com"),
        ("ada.lovelace@example.com", "ada.lovelace"),
        ("ada@example.com", "Todo-API"),
    ],
)
async def test_nothing_is_hashed_for_what_breaks_a_rule(
    accounts: AccountService, passwords: CountingPasswords, email: str, password: str
) -> None:
    with pytest.raises(Invalid):
        await accounts.register(email=email, password=password)

    assert passwords.hashed == 0


async def test_a_profile_is_changed(accounts: AccountService, clock: StandingClock) -> None:
    account = await accounts.register(email="ada@example.com", password="12345678")
    clock.advance(hours=1)

    changed = await accounts.change(
        account.id, AccountPatch(display_name="Ada"), versions=Versions(only=frozenset({1}))
    )

    assert (changed.display_name, changed.version, changed.updated_at) == ("Ada", 2, clock.now)
    assert await accounts.get(account.id) == changed


@pytest.mark.parametrize("patch", [AccountPatch(), AccountPatch(display_name="Ada")])
async def test_another_version_of_a_profile_is_not_changed(accounts: AccountService, patch: AccountPatch) -> None:
    account = await accounts.register(email="ada@example.com", password="12345678")

    with pytest.raises(StaleVersion):
        await accounts.change(account.id, patch, versions=Versions(only=frozenset({2})))

    assert await accounts.get(account.id) == account


async def test_a_lost_race_for_a_profile_is_run_again(
    passwords: CountingPasswords, principal_cache: PrincipalCache, clock: StandingClock
) -> None:
    store = RivalledStore(9)
    account = await store.accounts.add(a_new_account())
    accounts = AccountService(
        store, passwords=passwords, common_passwords=COMMON, principal_cache=principal_cache, now=clock
    )

    changed = await accounts.change(account.id, AccountPatch(display_name="Grace"))

    assert (changed.display_name, changed.time_zone, changed.version) == ("Grace", "Asia/Tokyo", 11)


async def test_after_a_hundred_lost_races_for_a_profile_it_gives_up(
    passwords: CountingPasswords, principal_cache: PrincipalCache, clock: StandingClock
) -> None:
    store = RivalledStore(100)
    account = await store.accounts.add(a_new_account())
    accounts = AccountService(
        store, passwords=passwords, common_passwords=COMMON, principal_cache=principal_cache, now=clock
    )

    with pytest.raises(Conflict):
        await accounts.change(account.id, AccountPatch(display_name="Grace"))

    assert (await store.accounts.get(account.id)).display_name is None


async def test_an_address_is_changed_with_the_password(
    accounts: AccountService, passwords: CountingPasswords, store: MemoryStore, clock: StandingClock
) -> None:
    account = await accounts.register(email="ada@example.com", password="passwo\u0308rter")
    clock.advance(hours=1)

    changed = await accounts.change(
        account.id, AccountPatch(email=" Grace@Example.com", password="passwo\u0308rter", display_name="Grace")
    )

    assert (changed.email, changed.display_name, changed.version) == ("grace@example.com", "Grace", 2)
    assert await accounts.get(account.id) == changed
    assert (await store.accounts.credentials(account.id)).password_hash == "v2:passw\u00f6rter"
    assert passwords.requesters[-1] == Requester.account(account.id)


@pytest.mark.parametrize("email", ["new@example.com", "grace@example.com", " ADA@example.com"])
async def test_a_free_address_a_taken_one_and_ones_own_cost_one_verification(
    accounts: AccountService, passwords: CountingPasswords, email: str
) -> None:
    await accounts.register(email="grace@example.com", password="12345678")
    account = await accounts.register(email="ada@example.com", password="12345678")

    with suppress(EmailTaken):
        await accounts.change(account.id, AccountPatch(email=email, password="12345678"))

    assert (len(passwords.verified), passwords.hashed) == (1, 2)


@pytest.mark.parametrize("email", ["new@example.com", "grace@example.com", "ada@example.com"])
async def test_a_wrong_password_changes_nothing_and_does_not_tell_who_has_an_address(
    accounts: AccountService, email: str
) -> None:
    await accounts.register(email="grace@example.com", password="12345678")
    account = await accounts.register(email="ada@example.com", password="12345678")

    with pytest.raises(WrongPassword):
        await accounts.change(account.id, AccountPatch(email=email, password="123456789", display_name="Ada"))

    assert await accounts.get(account.id) == account


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        (AccountPatch(email="new@example.com"), "/password"),
        (AccountPatch(password="12345678"), "/password"),
        (AccountPatch(password="12345678", display_name="Ada"), "/password"),
        (AccountPatch(email="nobody", password="12345678"), "/email"),
        (AccountPatch(email="new@example.com", password="12345678", display_name=""), "/display_name"),
        (AccountPatch(email="new@example.com", password="12345678", time_zone="Mars"), "/time_zone"),
        (AccountPatch(email="12345678@example.com", password="12345678"), "/email"),
    ],
)
async def test_a_patch_that_breaks_a_rule_costs_no_verification(
    accounts: AccountService, passwords: CountingPasswords, patch: AccountPatch, pointer: str
) -> None:
    account = await accounts.register(email="ada@example.com", password="12345678")

    with pytest.raises(Invalid) as error:
        await accounts.change(account.id, patch)

    assert error.value.pointer == pointer
    assert passwords.verified == []
    assert await accounts.get(account.id) == account


@pytest.mark.parametrize("stored", ["grace@example.com", "\uff47race@example.com"])
async def test_nobody_moves_to_an_address_of_which_either_form_is_taken(
    accounts: AccountService, store: MemoryStore, stored: str
) -> None:
    account = await accounts.register(email="ada@example.com", password="12345678")
    await store.accounts.add(a_new_account(stored))

    with pytest.raises(EmailTaken):
        await accounts.change(account.id, AccountPatch(email="\uff47race@example.com", password="12345678"))

    assert await accounts.get(account.id) == account


async def test_whoever_moves_leaves_the_sessions_as_they_are(
    accounts: AccountService, store: MemoryStore, principal_cache: PrincipalCache
) -> None:
    account = await accounts.register(email="ada@example.com", password="12345678")
    session = await store.sessions.add(a_new_session(), owner_id=account.id)
    principal = Principal(account_id=account.id, scopes=frozenset())
    principal_cache.put("bearer", principal, at=NOON, expires_at=None, generation=principal_cache.generation())

    await accounts.change(account.id, AccountPatch(email="new@example.com", password="12345678"))

    assert await store.sessions.is_live(session.id, owner_id=account.id, started_at=session.created_at, at=NOON)
    assert principal_cache.get("bearer", at=NOON) == principal


async def test_a_lost_race_for_an_address_costs_no_second_verification(
    passwords: CountingPasswords, principal_cache: PrincipalCache, clock: StandingClock
) -> None:
    store = RivalledStore(9)
    account = await store.accounts.add(a_new_account(password_hash="v2:12345678"))
    accounts = AccountService(
        store, passwords=passwords, common_passwords=COMMON, principal_cache=principal_cache, now=clock
    )

    changed = await accounts.change(account.id, AccountPatch(email="new@example.com", password="12345678"))

    assert (changed.email, changed.time_zone, changed.version) == ("new@example.com", "Asia/Tokyo", 11)
    assert len(passwords.verified) == 1


async def test_an_address_that_was_confirmed_with_a_password_of_before_stays(
    store: MemoryStore, principal_cache: PrincipalCache, clock: StandingClock
) -> None:
    class ChangedMeanwhile(CountingPasswords):
        async def matches(self, password: str, password_hash: str | None, *, requester: Requester) -> bool:
            await store.accounts.replace_password(account.id, "v2:theirs", replacing="v2:12345678")
            return await super().matches(password, password_hash, requester=requester)

    account = await store.accounts.add(a_new_account(password_hash="v2:12345678"))
    accounts = AccountService(
        store, passwords=ChangedMeanwhile(), common_passwords=COMMON, principal_cache=principal_cache, now=clock
    )

    with pytest.raises(Conflict):
        await accounts.change(account.id, AccountPatch(email="new@example.com", password="12345678"))

    assert await accounts.get(account.id) == account


async def test_a_new_password_ends_every_session_but_the_one_it_is_set_from(
    accounts: AccountService, store: MemoryStore
) -> None:
    account = await accounts.register(email="ada@example.com", password="12345678")
    here, there = [
        await store.sessions.add(a_new_session(family=family), owner_id=account.id) for family in ("here", "there")
    ]

    await accounts.change_password(
        account.id, old_password="12345678", new_password="passwo\u0308rter", session_id=here.id
    )

    assert (await store.accounts.credentials(account.id)).password_hash == "v2:passw\u00f6rter"
    assert await store.sessions.is_live(here.id, owner_id=account.id, started_at=here.created_at, at=NOON)
    assert not await store.sessions.is_live(there.id, owner_id=account.id, started_at=there.created_at, at=NOON)


async def test_who_was_recently_seen_is_looked_up_again_after_a_new_password(
    accounts: AccountService, principal_cache: PrincipalCache
) -> None:
    account = await accounts.register(email="ada@example.com", password="12345678")
    principal = Principal(account_id=account.id, scopes=frozenset())
    principal_cache.put("bearer", principal, at=NOON, expires_at=None, generation=principal_cache.generation())

    await accounts.change_password(account.id, old_password="12345678", new_password="87654321", session_id=None)

    assert principal_cache.get("bearer", at=NOON) is None


@pytest.mark.parametrize(
    ("old_password", "new_password", "error"),
    [
        ("wrong wrong", "87654321", Forbidden),
        ("12345678", "7654321", Invalid),
        ("", "87654321", Forbidden),
        ("12345678", "password1", GuessablePassword),
        ("wrong wrong", "ada@EXAMPLE.com", GuessablePassword),
    ],
)
async def test_a_password_that_is_not_changed_ends_no_session(
    accounts: AccountService, store: MemoryStore, old_password: str, new_password: str, error: type[Exception]
) -> None:
    account = await accounts.register(email="ada@example.com", password="12345678")
    session = await store.sessions.add(a_new_session(), owner_id=account.id)

    with pytest.raises(error):
        await accounts.change_password(
            account.id, old_password=old_password, new_password=new_password, session_id=None
        )

    assert (await store.accounts.credentials(account.id)).password_hash == "v2:12345678"
    assert await store.sessions.is_live(session.id, owner_id=account.id, started_at=session.created_at, at=NOON)


async def test_a_password_that_was_changed_meanwhile_stays(
    store: MemoryStore, principal_cache: PrincipalCache, clock: StandingClock
) -> None:
    class ChangedMeanwhile(CountingPasswords):
        async def hash(self, password: str, *, requester: Requester) -> str:
            await store.accounts.replace_password(account.id, "v2:theirs", replacing="v2:12345678")
            return await super().hash(password, requester=requester)

    account = await store.accounts.add(a_new_account(password_hash="v2:12345678"))
    session = await store.sessions.add(a_new_session(), owner_id=account.id)
    accounts = AccountService(
        store, passwords=ChangedMeanwhile(), common_passwords=COMMON, principal_cache=principal_cache, now=clock
    )

    with pytest.raises(Conflict):
        await accounts.change_password(account.id, old_password="12345678", new_password="87654321", session_id=None)

    assert (await store.accounts.credentials(account.id)).password_hash == "v2:theirs"
    assert await store.sessions.is_live(session.id, owner_id=account.id, started_at=session.created_at, at=NOON)


async def test_an_account_that_is_closed_takes_everything_with_it(
    accounts: AccountService, store: MemoryStore, principal_cache: PrincipalCache
) -> None:
    account = await accounts.register(email="ada@example.com", password="12345678")
    session = await store.sessions.add(a_new_session(), owner_id=account.id)
    await store.todos.add(a_todo(), owner_id=account.id)
    await store.api_tokens.add(an_api_token(), owner_id=account.id, digest="digest")
    await store.posts.add("Hello", author_id=account.id, at=NOON)
    principal = Principal(account_id=account.id, scopes=frozenset())
    principal_cache.put("bearer", principal, at=NOON, expires_at=None, generation=principal_cache.generation())

    await accounts.close(account.id, password="12345678")

    with pytest.raises(Unauthenticated):
        await accounts.get(account.id)
    assert not await store.sessions.is_live(session.id, owner_id=account.id, started_at=session.created_at, at=NOON)
    assert await store.api_tokens.by_digest("digest") is None
    assert await store.posts.count() == 0
    assert principal_cache.get("bearer", at=NOON) is None


async def test_whoever_is_signed_in_has_their_password_checked_on_their_own_behalf(
    accounts: AccountService, passwords: CountingPasswords
) -> None:
    account = await accounts.register(email="ada@example.com", password="12345678", address="2001:db8:1:2::3")
    await accounts.change_password(account.id, old_password="12345678", new_password="87654321", session_id=None)
    await accounts.close(account.id, password="87654321")

    first, *others = passwords.requesters
    assert first == Requester.from_address("2001:db8:1:ffff::1")
    assert others == [Requester.account(account.id)] * 3


@pytest.mark.parametrize("stored", ["ada@example.com", "\uff41da@example.com"])
async def test_an_address_in_full_width_letters_is_taken_if_either_form_is(
    accounts: AccountService, store: MemoryStore, stored: str
) -> None:
    await store.accounts.add(a_new_account(stored))

    with pytest.raises(EmailTaken):
        await accounts.register(email="\uff41da@example.com", password="12345678")


async def test_a_wrong_password_closes_nothing(accounts: AccountService) -> None:
    account = await accounts.register(email="ada@example.com", password="12345678")

    with pytest.raises(Forbidden):
        await accounts.close(account.id, password="123456789")

    assert await accounts.get(account.id) == account
