"""The database fixtures forget what they should, in every scope.

The tests come in pairs that do the same twice: were anything left of the first, the second would fail, because an
e-mail address belongs to one account only. It does not matter which of the two runs first.
"""

import pytest

from adapters.sqlalchemy.database import Database
from adapters.sqlalchemy.store import SqlAlchemyStore
from domain.accounts.model import Account
from domain.errors import EmailTaken
from domain.store import Repositories, Store
from tests.builders import a_new_account, a_todo
from tests.clock import NOON
from tests.savepoints import SavepointDatabase

pytestmark = pytest.mark.usefixtures("authenticated_user")  # before anything narrower, so that it outlives that


@pytest.fixture(scope="class")
async def member(database_class: SavepointDatabase) -> Account:
    """An account that all tests of a class see, and no other class."""
    return await SqlAlchemyStore(database_class).accounts.add(a_new_account("class@example.com"))


class TestFunctionScope:
    @pytest.mark.parametrize("time", ["first", "second"])
    async def test_every_test_starts_clean(self, store: Store, time: str) -> None:
        account = await store.accounts.add(a_new_account("function@example.com", password_hash=time))

        assert (await store.accounts.credentials(account.id)).password_hash == time
        assert await store.posts.count() == 0

    @pytest.mark.parametrize("time", ["first", "second"])
    async def test_a_committed_database_starts_clean_too(self, committed_database: Database, time: str) -> None:
        store = SqlAlchemyStore(committed_database)

        account = await store.accounts.add(a_new_account("function@example.com", password_hash=time))

        assert account.id == 1


class TestClassScope:
    async def test_what_the_class_wrote_is_there(self, postgresql_store: Store, member: Account) -> None:
        assert await postgresql_store.accounts.get(member.id) == member

        await postgresql_store.accounts.remove(member.id)

    async def test_what_the_class_wrote_is_there_again(self, postgresql_store: Store, member: Account) -> None:
        assert await postgresql_store.accounts.get(member.id) == member

        await postgresql_store.accounts.remove(member.id)


class TestClassScopeAgain:
    async def test_another_class_writes_the_same(self, postgresql_store: Store, member: Account) -> None:
        assert await postgresql_store.accounts.get(member.id) == member


class TestModuleScope:
    async def test_what_the_module_wrote_is_there(
        self, postgresql_store: Store, authenticated_user: Account, member: Account
    ) -> None:
        assert await postgresql_store.accounts.get(authenticated_user.id) == authenticated_user
        assert await postgresql_store.accounts.get(member.id) == member

        await postgresql_store.accounts.remove(authenticated_user.id)

    async def test_what_the_module_wrote_is_there_again(
        self, postgresql_store: Store, authenticated_user: Account
    ) -> None:
        assert await postgresql_store.accounts.get(authenticated_user.id) == authenticated_user

        await postgresql_store.accounts.remove(authenticated_user.id)


class TestSavepoints:
    async def test_nested_ones_are_undone_from_the_inside_out(self, database: SavepointDatabase) -> None:
        store = SqlAlchemyStore(database)

        async with database.rolled_back() as outer:
            await store.posts.add("outer", author_id=(await store.accounts.add(a_new_account())).id, at=NOON)
            async with outer.rolled_back() as inner:
                await SqlAlchemyStore(inner).accounts.add(a_new_account("inner@example.com"))
                assert await store.accounts.credentials_by_email("inner@example.com") is not None

            assert await store.accounts.credentials_by_email("inner@example.com") is None
            assert await store.posts.count() == 1

        assert await store.posts.count() == 0

    async def test_a_failed_statement_does_not_spoil_what_is_around_it(self, postgresql_store: Store) -> None:
        before = await postgresql_store.accounts.add(a_new_account())

        with pytest.raises(EmailTaken):
            await postgresql_store.accounts.add(a_new_account())

        assert await postgresql_store.accounts.get(before.id) == before
        assert await postgresql_store.todos.add(a_todo(), owner_id=before.id)

    async def test_a_failed_transaction_does_not_spoil_what_is_around_it(self, postgresql_store: Store) -> None:
        before = await postgresql_store.accounts.add(a_new_account())

        with pytest.raises(EmailTaken):
            await add_two(postgresql_store, "new@example.com", before.email)

        assert await postgresql_store.accounts.get(before.id) == before
        assert await postgresql_store.accounts.credentials_by_email("new@example.com") is None

    async def test_a_transaction_of_the_code_under_test_is_undone_after_the_test(
        self, database_class: SavepointDatabase
    ) -> None:
        async with database_class.rolled_back() as database:
            await add_two(SqlAlchemyStore(database), "new@example.com", "other@example.com")

        assert await SqlAlchemyStore(database_class).accounts.credentials_by_email("new@example.com") is None


async def add_two(store: Store, *emails: str) -> None:
    """Add accounts in one transaction."""

    async def add(tx: Repositories) -> None:
        for email in emails:
            await tx.accounts.add(a_new_account(email))

    await store.transaction(add)
