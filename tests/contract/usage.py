"""What measures how much an account keeps does the same in every store."""

import pytest

from domain.accounts.model import Account
from domain.errors import Unauthenticated
from domain.quotas.model import Usage
from domain.store import Repositories, Store
from tests.builders import a_todo
from tests.clock import NOON

TEXTS = ["", "milk", "größer", "한국어", "🧀", "a\\b\"c'd", "[]", "{}", "a,b", "%_", "\x01\u2028"]
"""Of one to four bytes a character, and those that have a meaning in JSON, in SQL or in an array."""


class UsageContract:
    async def test_an_account_that_keeps_nothing_uses_nothing(self, store: Store, user: Account) -> None:
        assert await store.usage.measure(owner_id=user.id) == Usage()

    async def test_an_account_that_is_gone_uses_nothing(self, store: Store) -> None:
        assert await store.usage.measure(owner_id=4711) == Usage()

    async def test_todos_and_posts_are_counted_with_the_bytes_of_their_texts(self, store: Store, user: Account) -> None:
        await store.todos.add(a_todo("Milch", description="süß", tags=("Käse", "Brot")), owner_id=user.id)
        await store.todos.add(a_todo("Tee"), owner_id=user.id)
        await store.posts.add("Grüße", author_id=user.id, at=NOON)

        assert await store.usage.measure(owner_id=user.id) == Usage(todos=2, bytes=5 + 5 + 5 + 4 + 3 + 7, posts=1)

    @pytest.mark.parametrize("text", TEXTS, ids=ascii)
    async def test_a_store_counts_the_same_bytes_as_the_domain(self, store: Store, user: Account, text: str) -> None:
        todo = await store.todos.add(
            a_todo(f"x{text}", description=text, tags=(f"1{text}", f"2{text}")), owner_id=user.id
        )
        post = await store.posts.add(f"x{text}", author_id=user.id, at=NOON)

        used = await store.usage.measure(owner_id=user.id)

        assert todo.size == 3 + 4 * len(text.encode())
        assert used == Usage(todos=1, bytes=todo.size + len(post.content.encode()), posts=1)

    async def test_long_texts_are_counted_to_the_last_byte(self, store: Store, user: Account) -> None:
        todo = await store.todos.add(
            a_todo("🧀" * 200, description="한" * 10_000, tags=tuple(f"{n:02}{'🧀' * 48}" for n in range(20))),
            owner_id=user.id,
        )

        assert todo.size == 800 + 30_000 + 20 * (2 + 4 * 48)
        assert (await store.usage.measure(owner_id=user.id)).bytes == todo.size

    async def test_what_others_keep_is_not_counted(self, store: Store, user: Account, stranger: Account) -> None:
        await store.todos.add(a_todo(tags=("home",)), owner_id=stranger.id)
        await store.posts.add("Hello", author_id=stranger.id, at=NOON)

        assert await store.usage.measure(owner_id=user.id) == Usage()

    async def test_what_is_removed_is_no_longer_counted(self, store: Store, user: Account) -> None:
        todo = await store.todos.add(a_todo(), owner_id=user.id)
        post = await store.posts.add("Hello", author_id=user.id, at=NOON)

        await store.todos.remove(todo.id, owner_id=user.id)
        await store.posts.remove(post.id, author_id=user.id)

        assert await store.usage.measure(owner_id=user.id) == Usage()

    async def test_a_closed_account_keeps_nothing(self, store: Store, user: Account) -> None:
        await store.todos.add(a_todo(), owner_id=user.id)
        await store.posts.add("Hello", author_id=user.id, at=NOON)

        await store.accounts.remove(user.id)

        assert await store.usage.measure(owner_id=user.id) == Usage()

    async def test_a_transaction_measures_what_it_added(self, store: Store, user: Account) -> None:
        async def add_and_measure(tx: Repositories) -> Usage:
            await tx.usage.lock(owner_id=user.id)
            await tx.todos.add(a_todo("Tee"), owner_id=user.id)
            return await tx.usage.measure(owner_id=user.id)

        assert await store.transaction(add_and_measure) == Usage(todos=1, bytes=3)

    async def test_an_account_that_is_gone_cannot_be_locked(self, store: Store) -> None:
        with pytest.raises(Unauthenticated):
            await store.transaction(lambda tx: tx.usage.lock(owner_id=4711))
