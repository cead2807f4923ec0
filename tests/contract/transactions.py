"""What every ``Store`` makes of several changes at once."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace

from domain.accounts.model import Account
from domain.api_tokens.model import ApiToken
from domain.errors import EmailTaken, NotFound, StaleVersion
from domain.posts.model import Post
from domain.sessions.model import Session
from domain.store import Repositories, Store
from domain.todos.model import Todo
from domain.todos.query import TodoFilter, TodoQuery
from tests.builders import a_new_account, a_new_session, a_todo, an_api_token
from tests.clock import NOON


class ChangedMyMindError(Exception):
    """What goes wrong in these transactions."""


class TransactionContract:
    async def test_what_is_done_in_a_transaction_stays_when_it_is_left(self, store: Store, user: Account) -> None:
        async def add(tx: Repositories) -> tuple[Todo, Session, ApiToken, Post, Account]:
            return (
                await tx.todos.add(a_todo(), owner_id=user.id),
                await tx.sessions.add(a_new_session(), owner_id=user.id),
                await tx.api_tokens.add(an_api_token(), owner_id=user.id, digest="d"),
                await tx.posts.add("Hello", author_id=user.id, at=NOON),
                await tx.accounts.add(a_new_account()),
            )

        todo, session, token, post, account = await store.transaction(add)

        assert (await store.todos.find(TodoQuery(), owner_id=user.id)).items == [todo]
        assert await store.sessions.list_all(owner_id=user.id, at=NOON) == [session]
        assert await store.api_tokens.list_all(owner_id=user.id) == [token]
        assert await store.posts.page(skip=0, limit=10) == [post]
        assert await store.accounts.get(account.id) == account

    async def test_what_is_done_in_a_transaction_is_visible_in_it(self, store: Store, user: Account) -> None:
        async def add_and_look(tx: Repositories) -> None:
            account = await tx.accounts.add(a_new_account())
            todo = await tx.todos.add(a_todo(tags=("home",)), owner_id=account.id)
            session = await tx.sessions.add(a_new_session("f"), owner_id=account.id)
            await tx.api_tokens.add(an_api_token(), owner_id=account.id, digest="d")
            post = await tx.posts.add("Hello", author_id=account.id, at=NOON)
            await tx.todos.save(replace(todo, title="Changed", version=2), owner_id=account.id, replacing=1)

            assert await tx.accounts.get(account.id) == account
            assert (await tx.todos.get(todo.id, owner_id=account.id)).title == "Changed"
            assert await tx.todos.count(TodoFilter(tags=("home",)), owner_id=account.id) == 1
            assert await tx.sessions.is_live(session.id, owner_id=account.id, started_at=session.created_at, at=NOON)
            assert await tx.api_tokens.by_digest("d") is not None
            assert await tx.posts.get(post.id) == post

            await tx.accounts.remove(user.id)
            await tx.todos.remove(todo.id, owner_id=account.id)
            with pytest.raises(NotFound):
                await tx.todos.get(todo.id, owner_id=account.id)

        await store.transaction(add_and_look)

    async def test_an_exception_undoes_what_was_added(self, store: Store, user: Account) -> None:
        async def add(tx: Repositories) -> None:
            await tx.accounts.add(a_new_account("other@example.com"))
            await tx.todos.add(a_todo(), owner_id=user.id)
            await tx.sessions.add(a_new_session(), owner_id=user.id)
            await tx.api_tokens.add(an_api_token(), owner_id=user.id, digest="d")
            await tx.posts.add("Hello", author_id=user.id, at=NOON)

        await undo(store, add)

        assert await store.accounts.credentials_by_email("other@example.com") is None
        assert await store.todos.count(TodoFilter(), owner_id=user.id) == 0
        assert await store.sessions.list_all(owner_id=user.id, at=NOON) == []
        assert await store.api_tokens.list_all(owner_id=user.id) == []
        assert await store.posts.count() == 0

    async def test_an_exception_undoes_what_was_changed(self, store: Store, user: Account) -> None:
        todo = await store.todos.add(a_todo(), owner_id=user.id)
        session = await store.sessions.add(a_new_session("f", token="t0"), owner_id=user.id)
        token = await store.api_tokens.add(an_api_token(), owner_id=user.id, digest="d")
        old = await store.accounts.credentials(user.id)

        async def change(tx: Repositories) -> None:
            await tx.todos.save(replace(todo, title="Changed", version=2), owner_id=user.id, replacing=1)
            await tx.accounts.save(replace(user, display_name="Changed", version=2), replacing=1)
            await tx.accounts.replace_password(user.id, "changed", replacing=old.password_hash)
            await tx.sessions.rotate(
                session.id, owner_id=user.id, digest="t1", replacing="t0", at=NOON, expires_at=NOON
            )
            await tx.api_tokens.touch(token.id, owner_id=user.id, at=NOON)

        await undo(store, change)

        assert await store.todos.get(todo.id, owner_id=user.id) == todo
        assert await store.accounts.get(user.id) == user
        assert await store.accounts.credentials(user.id) == old
        assert await store.sessions.list_all(owner_id=user.id, at=NOON) == [session]
        assert await store.api_tokens.list_all(owner_id=user.id) == [token]

    async def test_an_exception_undoes_what_was_removed(self, store: Store, user: Account, stranger: Account) -> None:
        todo = await store.todos.add(a_todo(), owner_id=user.id)
        session = await store.sessions.add(a_new_session(), owner_id=user.id)
        token = await store.api_tokens.add(an_api_token(), owner_id=user.id, digest="d")
        post = await store.posts.add("Hello", author_id=user.id, at=NOON)

        async def remove(tx: Repositories) -> None:
            await tx.todos.remove(todo.id, owner_id=user.id)
            await tx.sessions.remove_all(owner_id=user.id)
            await tx.api_tokens.remove(token.id, owner_id=user.id)
            await tx.posts.remove(post.id, author_id=user.id)
            await tx.accounts.remove(user.id)
            await tx.accounts.remove(stranger.id)

        await undo(store, remove)

        assert await store.accounts.get(user.id) == user
        assert await store.accounts.get(stranger.id) == stranger
        assert (await store.todos.find(TodoQuery(), owner_id=user.id)).items == [todo]
        assert await store.sessions.list_all(owner_id=user.id, at=NOON) == [session]
        assert await store.api_tokens.list_all(owner_id=user.id) == [token]
        assert await store.posts.page(skip=0, limit=10) == [post]

    @pytest.mark.parametrize("error", [NotFound("gone"), ChangedMyMindError(), asyncio.CancelledError()], ids=repr)
    async def test_the_exception_itself_goes_on(self, store: Store, user: Account, error: BaseException) -> None:
        async def add_and_fail(tx: Repositories) -> None:
            await tx.todos.add(a_todo(), owner_id=user.id)
            raise error

        with pytest.raises(type(error)) as raised:
            await store.transaction(add_and_fail)

        assert raised.value is error
        assert await store.todos.count(TodoFilter(), owner_id=user.id) == 0

    async def test_an_error_of_the_store_undoes_what_was_done_before_it(self, store: Store, user: Account) -> None:
        async def add_and_register_again(tx: Repositories) -> None:
            await tx.todos.add(a_todo(), owner_id=user.id)
            await tx.accounts.add(a_new_account(user.email))

        with pytest.raises(EmailTaken):
            await store.transaction(add_and_register_again)

        assert await store.todos.count(TodoFilter(), owner_id=user.id) == 0

    async def test_versions_conflict_in_a_transaction_too(self, store: Store, user: Account) -> None:
        todo = await store.todos.add(a_todo(version=2), owner_id=user.id)

        async def change_an_old_version(tx: Repositories) -> None:
            await tx.todos.save(replace(todo, title="Lost", version=2), owner_id=user.id, replacing=1)

        with pytest.raises(StaleVersion):
            await store.transaction(change_an_old_version)

        assert await store.todos.get(todo.id, owner_id=user.id) == todo

    async def test_after_a_failed_transaction_the_next_one_works(self, store: Store, user: Account) -> None:
        await undo(store, lambda tx: tx.todos.add(a_todo("lost"), owner_id=user.id))

        todo = await store.transaction(lambda tx: tx.todos.add(a_todo("kept"), owner_id=user.id))

        assert (await store.todos.find(TodoQuery(), owner_id=user.id)).items == [todo]


async def undo(store: Store, work: Callable[[Repositories], Awaitable[object]]) -> None:
    """Do ``work`` in a transaction that fails in the end."""

    async def work_and_fail(tx: Repositories) -> None:
        await work(tx)
        raise ChangedMyMindError

    with pytest.raises(ChangedMyMindError):
        await store.transaction(work_and_fail)
