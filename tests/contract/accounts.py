"""What every ``AccountRepository`` does."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from domain.accounts.model import Account, Credentials
from domain.errors import Conflict, EmailTaken, NotFound, StaleVersion, Unauthenticated
from domain.store import Store
from domain.todos.query import TodoFilter
from tests.builders import a_new_account, a_new_session, a_todo, an_api_token
from tests.clock import NOON


class AccountsContract:
    async def test_a_new_account_is_at_version_1_with_ordinary_settings(self, store: Store) -> None:
        created_at = datetime(2026, 2, 3, 4, 5, 6, 789_012, tzinfo=UTC)

        account = await store.accounts.add(a_new_account("grüße@exämple.com", created_at=created_at))

        assert account == Account(
            id=account.id,
            email="grüße@exämple.com",
            display_name=None,
            time_zone="UTC",
            created_at=created_at,
            updated_at=created_at,
            version=1,
        )
        assert await store.accounts.get(account.id) == account

    async def test_instants_come_back_in_utc(self, store: Store, user: Account) -> None:
        stored = await store.accounts.get(user.id)

        assert stored.created_at.utcoffset() == timedelta(0)
        assert stored.updated_at.utcoffset() == timedelta(0)

    async def test_a_taken_address_is_refused(self, store: Store) -> None:
        first = await store.accounts.add(a_new_account(password_hash="the first"))

        with pytest.raises(EmailTaken):
            await store.accounts.add(a_new_account(password_hash="the second"))

        assert await store.accounts.credentials(first.id) == Credentials(
            account_id=first.id, email=first.email, password_hash="the first"
        )

    async def test_the_address_of_a_removed_account_is_free(self, store: Store) -> None:
        first = await store.accounts.add(a_new_account())
        await store.accounts.remove(first.id)

        second = await store.accounts.add(a_new_account())

        assert second.email == first.email

    async def test_the_id_of_a_removed_account_is_never_used_again(self, store: Store) -> None:
        first = await store.accounts.add(a_new_account())
        await store.accounts.remove(first.id)

        second = await store.accounts.add(a_new_account())

        assert second.id > first.id

    async def test_a_saved_profile_comes_back_exactly(self, store: Store, user: Account) -> None:
        changed = replace(
            user,
            display_name="Ada 💜 Ловлейс\n日本",
            time_zone="America/Argentina/ComodRivadavia",
            updated_at=NOON + timedelta(microseconds=1),
            version=2,
        )

        await store.accounts.save(changed, replacing=1)

        assert await store.accounts.get(user.id) == changed

    async def test_a_display_name_can_be_cleared(self, store: Store, user: Account) -> None:
        await store.accounts.save(replace(user, display_name="Ada", version=2), replacing=1)

        await store.accounts.save(replace(user, display_name=None, version=3), replacing=2)

        assert (await store.accounts.get(user.id)).display_name is None

    async def test_saving_an_account_leaves_others_and_the_password_alone(
        self, store: Store, user: Account, stranger: Account
    ) -> None:
        before = await store.accounts.credentials(user.id)

        await store.accounts.save(replace(user, display_name="Ada", version=2), replacing=1)

        assert await store.accounts.credentials(user.id) == before
        assert await store.accounts.get(stranger.id) == stranger

    async def test_a_saved_address_is_the_one_that_is_looked_for(self, store: Store, user: Account) -> None:
        moved = replace(user, email="grüße@exämple.com", version=2)

        await store.accounts.save(moved, replacing=1)

        found = await store.accounts.credentials_by_email(moved.email)
        assert await store.accounts.get(user.id) == moved
        assert found == await store.accounts.credentials(user.id)
        assert found is not None
        assert found.email == moved.email
        assert await store.accounts.credentials_by_email(user.email) is None

    async def test_an_address_that_was_left_is_free(self, store: Store, user: Account) -> None:
        await store.accounts.save(replace(user, email="other@example.com", version=2), replacing=1)

        second = await store.accounts.add(a_new_account(user.email))

        assert second.email == user.email

    async def test_nobody_moves_to_a_taken_address(self, store: Store, user: Account, stranger: Account) -> None:
        with pytest.raises(EmailTaken):
            await store.accounts.save(replace(user, email=stranger.email, version=2), replacing=1)

        assert await store.accounts.get(user.id) == user
        assert await store.accounts.get(stranger.id) == stranger

    async def test_posts_are_published_under_the_address_of_their_moment(self, store: Store, user: Account) -> None:
        before = await store.posts.add("Before", author_id=user.id, at=NOON)
        await store.accounts.save(replace(user, email="other@example.com", version=2), replacing=1)

        after = await store.posts.add("After", author_id=user.id, at=NOON)

        assert (before.author_email, after.author_email) == (user.email, "other@example.com")
        assert await store.posts.get(before.id) == before

    async def test_what_a_password_confirms_is_saved_while_it_is_the_accounts(self, store: Store) -> None:
        account = await store.accounts.add(a_new_account(password_hash="old"))
        moved = replace(account, email="other@example.com", version=2)

        await store.accounts.save(moved, replacing=1, password_hash="old")

        assert await store.accounts.get(account.id) == moved

    @pytest.mark.parametrize("replacing", [0, 1])
    async def test_what_another_password_confirmed_is_not_saved(self, store: Store, replacing: int) -> None:
        account = await store.accounts.add(a_new_account(password_hash="new"))
        moved = replace(account, email="other@example.com", version=2)

        with pytest.raises(Conflict):
            await store.accounts.save(moved, replacing=replacing, password_hash="old")

        assert await store.accounts.get(account.id) == account

    async def test_a_password_that_is_the_right_one_makes_no_version_the_right_one(self, store: Store) -> None:
        account = await store.accounts.add(a_new_account(password_hash="old"))

        with pytest.raises(StaleVersion):
            await store.accounts.save(replace(account, version=3), replacing=2, password_hash="old")

        assert await store.accounts.get(account.id) == account

    @pytest.mark.parametrize("replacing", [0, 1, 3])
    async def test_a_stale_version_changes_nothing(self, store: Store, user: Account, replacing: int) -> None:
        current = replace(user, display_name="Ada", version=2)
        await store.accounts.save(current, replacing=1)

        with pytest.raises(StaleVersion):
            await store.accounts.save(replace(user, display_name="Lovelace", version=4), replacing=replacing)

        assert await store.accounts.get(user.id) == current

    async def test_a_removed_account_is_nobody(self, store: Store, user: Account) -> None:
        await store.accounts.remove(user.id)

        with pytest.raises(Unauthenticated):
            await store.accounts.get(user.id)
        with pytest.raises(Unauthenticated):
            await store.accounts.save(user, replacing=1)
        with pytest.raises(Unauthenticated):
            await store.accounts.save(user, replacing=1, password_hash="a hash")
        with pytest.raises(Unauthenticated):
            await store.accounts.credentials(user.id)
        assert await store.accounts.credentials_by_email(user.email) is None
        assert not await store.accounts.replace_password(user.id, "new", replacing="a hash")

    async def test_removing_an_account_twice_is_no_error(self, store: Store, user: Account, stranger: Account) -> None:
        await store.accounts.remove(user.id)

        await store.accounts.remove(user.id)

        assert await store.accounts.get(stranger.id) == stranger

    async def test_removing_an_account_removes_everything_of_it(self, store: Store, user: Account) -> None:
        todo = await store.todos.add(a_todo(), owner_id=user.id)
        session = await store.sessions.add(a_new_session("f"), owner_id=user.id)
        await store.api_tokens.add(an_api_token(), owner_id=user.id, digest="d")
        post = await store.posts.add("Hello", author_id=user.id, at=NOON)

        await store.accounts.remove(user.id)

        with pytest.raises(NotFound):
            await store.todos.get(todo.id, owner_id=user.id)
        with pytest.raises(NotFound):
            await store.posts.get(post.id)
        assert await store.todos.count(TodoFilter(), owner_id=user.id) == 0
        assert await store.posts.count() == 0
        assert await store.sessions.family("f") is None
        assert not await store.sessions.is_live(session.id, owner_id=user.id, started_at=session.created_at, at=NOON)
        assert await store.api_tokens.by_digest("d") is None

    async def test_removing_an_account_leaves_what_is_not_of_it(
        self, store: Store, user: Account, stranger: Account
    ) -> None:
        todo = await store.todos.add(a_todo(), owner_id=stranger.id)
        session = await store.sessions.add(a_new_session(), owner_id=stranger.id)
        token = await store.api_tokens.add(an_api_token(), owner_id=stranger.id, digest="d")
        post = await store.posts.add("Hello", author_id=stranger.id, at=NOON)

        await store.accounts.remove(user.id)

        assert await store.accounts.get(stranger.id) == stranger
        assert await store.todos.get(todo.id, owner_id=stranger.id) == todo
        assert await store.sessions.list_all(owner_id=stranger.id, at=NOON) == [session]
        assert await store.api_tokens.list_all(owner_id=stranger.id) == [token]
        assert await store.posts.page(skip=0, limit=10) == [post]

    async def test_credentials_are_found_by_the_exact_address(self, store: Store) -> None:
        account = await store.accounts.add(a_new_account("ada+1@example.com", password_hash="$argon2id$ü"))

        found = await store.accounts.credentials_by_email("ada+1@example.com")

        assert found == Credentials(account_id=account.id, email=account.email, password_hash="$argon2id$ü")
        assert found == await store.accounts.credentials(account.id)
        assert await store.accounts.credentials_by_email("Ada+1@example.com") is None
        assert await store.accounts.credentials_by_email("ada@example.com") is None

    async def test_a_password_is_replaced_once(self, store: Store, stranger: Account) -> None:
        account = await store.accounts.add(a_new_account(password_hash="old"))
        of_stranger = await store.accounts.credentials(stranger.id)

        first = await store.accounts.replace_password(account.id, "new", replacing="old")
        second = await store.accounts.replace_password(account.id, "newer", replacing="old")

        assert (first, second) == (True, False)
        assert (await store.accounts.credentials(account.id)).password_hash == "new"
        assert await store.accounts.credentials(stranger.id) == of_stranger
