"""Texts that look the same are the same for every ``TodoRepository``, and each is kept as it was written."""

from msgspec.structs import replace

from domain.accounts.model import Account
from domain.store import Store
from domain.todos.model import TagCount
from domain.todos.query import TagQuery, TodoFilter, TodoOrder, TodoQuery
from tests.builders import a_todo
from tests.contract.todo_lists import titles_of

COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


class SpellingsContract:
    async def test_texts_are_kept_as_they_were_written(self, store: Store, user: Account) -> None:
        todo = await store.todos.add(a_todo(DECOMPOSED, description=DECOMPOSED, tags=(DECOMPOSED,)), owner_id=user.id)

        assert await store.todos.get(todo.id, owner_id=user.id) == todo
        assert (todo.title, todo.description) == (DECOMPOSED, DECOMPOSED)

    async def test_a_tag_is_found_in_every_spelling(self, store: Store, user: Account) -> None:
        await store.todos.add(a_todo("composed", tags=("first", COMPOSED)), owner_id=user.id)
        await store.todos.add(a_todo("decomposed", tags=(DECOMPOSED.upper(),)), owner_id=user.id)
        await store.todos.add(a_todo("without an accent", tags=("cafe",)), owner_id=user.id)

        for spelling in (COMPOSED, DECOMPOSED, COMPOSED.upper(), DECOMPOSED.upper()):
            assert await titles_of(store, user, TodoFilter(tags=(spelling,))) == ["composed", "decomposed"]

    async def test_all_spellings_of_a_tag_are_counted_as_one(self, store: Store, user: Account) -> None:
        for tag in (COMPOSED, DECOMPOSED, DECOMPOSED.upper(), "cafe", "caf\u0113"):
            await store.todos.add(a_todo(tags=(tag,)), owner_id=user.id)

        assert (await store.todos.tags(TagQuery(), owner_id=user.id)).items == [
            TagCount(tag="cafe", count=1),
            TagCount(tag=DECOMPOSED.upper(), count=3),
            TagCount(tag="caf\u0113", count=1),
        ]

    async def test_text_is_found_in_every_spelling(self, store: Store, user: Account) -> None:
        await store.todos.add(a_todo(f"The {COMPOSED} downtown"), owner_id=user.id)
        await store.todos.add(a_todo("Elsewhere", description=f"In no {DECOMPOSED.upper()} at all"), owner_id=user.id)
        await store.todos.add(a_todo("cafe"), owner_id=user.id)

        for spelling in (COMPOSED, DECOMPOSED, DECOMPOSED.upper(), "f\u00e9", "fe\u0301"):
            assert await titles_of(store, user, TodoFilter(texts=(spelling,))) == [
                f"The {COMPOSED} downtown",
                "Elsewhere",
            ]

    async def test_titles_are_in_the_same_order_in_every_spelling(self, store: Store, user: Account) -> None:
        titles = [f"{DECOMPOSED} 2", "cafz", f"{COMPOSED} 1", f"{COMPOSED} 3", "cafe 4", f"{DECOMPOSED} 3"]
        for title in titles:
            await store.todos.add(a_todo(title), owner_id=user.id)

        found = (await store.todos.find(TodoQuery(order=TodoOrder(key="title")), owner_id=user.id)).items

        assert [todo.title for todo in found] == [
            *("cafe 4", "cafz", f"{COMPOSED} 1", f"{DECOMPOSED} 2", f"{COMPOSED} 3", f"{DECOMPOSED} 3")
        ]

    async def test_a_page_goes_on_after_a_title_in_every_spelling(self, store: Store, user: Account) -> None:
        for title in (DECOMPOSED, COMPOSED, "cafz"):
            await store.todos.add(a_todo(title), owner_id=user.id)
        query = TodoQuery(order=TodoOrder(key="title"), limit=1)
        seen: list[str] = []

        while page := await store.todos.find(query, owner_id=user.id):
            seen += [todo.title for todo in page.items]
            if page.next is None:
                break
            query = replace(query, after=page.next)

        assert seen == ["cafz", DECOMPOSED, COMPOSED]
