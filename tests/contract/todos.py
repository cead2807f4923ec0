"""What every ``TodoRepository`` does with single to-dos, and to whom it shows them; see ``todo_lists`` for lists."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from msgspec.structs import replace

from domain.accounts.model import Account
from domain.errors import NotFound, StaleVersion, Unauthenticated
from domain.store import Store
from domain.todos.due import Due
from domain.todos.model import Todo
from domain.todos.query import TagQuery, TodoFilter, TodoQuery
from tests.builders import a_todo

A_MOMENT = datetime(2026, 2, 3, 4, 5, 6, 789_012, tzinfo=UTC)
EVERY_FIELD = a_todo(
    "Größe \\ 100 % 'prüfen' \"_\" 🛒",
    description="  Zeile 1\r\n\tZeile 2  ",
    done_at=A_MOMENT + timedelta(microseconds=1),
    priority=5,
    tags=("Zuhause", "日本", 'with "quotes", {braces} and ; \\', "NULL"),
    due=Due(date=date(2026, 10, 25), time=time(2, 30, 59), zone="America/Argentina/ComodRivadavia"),
    created_at=A_MOMENT,
    updated_at=A_MOMENT + timedelta(microseconds=2),
    version=2_000_000_000,
)


class TodosContract:
    @pytest.mark.parametrize(
        "todo",
        [
            pytest.param(a_todo(), id="nothing but a title"),
            pytest.param(EVERY_FIELD, id="every field"),
            pytest.param(a_todo(description=""), id="an empty description"),
            pytest.param(a_todo(due=Due(date=date(2026, 3, 29), time=None, zone="Europe/Berlin")), id="due on a day"),
            pytest.param(a_todo(due=Due(date=date(1, 1, 2), time=time(), zone="UTC")), id="due long ago"),
            pytest.param(a_todo(due=Due(date=date(9999, 12, 30), time=None, zone="UTC")), id="due in the far future"),
        ],
    )
    async def test_values_come_back_exactly(self, store: Store, user: Account, todo: Todo) -> None:
        stored = await store.todos.add(todo, owner_id=user.id)

        assert stored == replace(todo, id=stored.id)
        assert await store.todos.get(stored.id, owner_id=user.id) == stored
        assert (await store.todos.find(TodoQuery(), owner_id=user.id)).items == [stored]

    async def test_instants_come_back_in_utc(self, store: Store, user: Account) -> None:
        added = await store.todos.add(EVERY_FIELD, owner_id=user.id)

        todo = await store.todos.get(added.id, owner_id=user.id)

        instants = (todo.created_at, todo.updated_at, todo.done_at, todo.due_at)
        assert [instant and instant.utcoffset() for instant in instants] == [timedelta(0)] * 4

    async def test_an_account_that_is_gone_gets_no_todo(self, store: Store, user: Account) -> None:
        await store.accounts.remove(user.id)

        with pytest.raises(Unauthenticated):
            await store.todos.add(a_todo(), owner_id=user.id)

        assert await store.todos.count(TodoFilter(), owner_id=user.id) == 0

    async def test_every_field_can_be_changed(self, store: Store, user: Account) -> None:
        todo = await store.todos.add(a_todo(), owner_id=user.id)
        other = await store.todos.add(a_todo(), owner_id=user.id)
        changed = replace(EVERY_FIELD, id=todo.id)

        await store.todos.save(changed, owner_id=user.id, replacing=1)

        assert await store.todos.get(todo.id, owner_id=user.id) == changed
        assert await store.todos.get(other.id, owner_id=user.id) == other

    async def test_every_field_can_be_cleared(self, store: Store, user: Account) -> None:
        todo = await store.todos.add(EVERY_FIELD, owner_id=user.id)
        cleared = replace(a_todo(), id=todo.id)

        await store.todos.save(cleared, owner_id=user.id, replacing=EVERY_FIELD.version)

        assert await store.todos.get(todo.id, owner_id=user.id) == cleared

    async def test_a_changed_todo_is_found_by_its_new_words_only(self, store: Store, user: Account) -> None:
        todo = await store.todos.add(a_todo("Old", description="Old", tags=("Old",)), owner_id=user.id)

        await store.todos.save(
            replace(todo, title="New", description="New", tags=("New",), version=2), owner_id=user.id, replacing=1
        )

        assert await store.todos.count(TodoFilter(texts=("new",), tags=("new",)), owner_id=user.id) == 1
        assert await store.todos.count(TodoFilter(texts=("old",)), owner_id=user.id) == 0
        assert await store.todos.count(TodoFilter(tags=("old",)), owner_id=user.id) == 0

    @pytest.mark.parametrize("replacing", [0, 1, 3])
    async def test_saving_over_a_stale_version_changes_nothing(
        self, store: Store, user: Account, replacing: int
    ) -> None:
        todo = await store.todos.add(a_todo(version=2), owner_id=user.id)

        with pytest.raises(StaleVersion):
            await store.todos.save(replace(todo, title="Lost", version=4), owner_id=user.id, replacing=replacing)

        assert await store.todos.get(todo.id, owner_id=user.id) == todo

    @pytest.mark.parametrize("version", [0, 1, 3])
    async def test_removing_a_stale_version_removes_nothing(self, store: Store, user: Account, version: int) -> None:
        todo = await store.todos.add(a_todo(version=2), owner_id=user.id)

        with pytest.raises(StaleVersion):
            await store.todos.remove(todo.id, owner_id=user.id, version=version)

        assert await store.todos.get(todo.id, owner_id=user.id) == todo

    @pytest.mark.parametrize("version", [None, 2])
    async def test_a_removed_todo_is_gone(self, store: Store, user: Account, version: int | None) -> None:
        todo = await store.todos.add(a_todo(version=2, tags=("home",)), owner_id=user.id)
        other = await store.todos.add(a_todo(version=2), owner_id=user.id)

        await store.todos.remove(todo.id, owner_id=user.id, version=version)

        with pytest.raises(NotFound):
            await store.todos.get(todo.id, owner_id=user.id)
        assert (await store.todos.find(TodoQuery(), owner_id=user.id)).items == [other]
        assert (await store.todos.tags(TagQuery(), owner_id=user.id)).items == []

    async def test_what_is_gone_can_neither_be_saved_nor_removed(self, store: Store, user: Account) -> None:
        todo = await store.todos.add(a_todo(), owner_id=user.id)
        await store.todos.remove(todo.id, owner_id=user.id)

        with pytest.raises(NotFound):
            await store.todos.save(replace(todo, version=2), owner_id=user.id, replacing=1)
        with pytest.raises(NotFound):
            await store.todos.remove(todo.id, owner_id=user.id)
        with pytest.raises(NotFound):
            await store.todos.remove(todo.id, owner_id=user.id, version=1)
        assert await store.todos.count(TodoFilter(), owner_id=user.id) == 0

    async def test_owners_do_not_meet_each_others_todos(self, store: Store, user: Account, stranger: Account) -> None:
        todo = await store.todos.add(a_todo("Mine", tags=("mine",)), owner_id=user.id)

        with pytest.raises(NotFound):
            await store.todos.get(todo.id, owner_id=stranger.id)
        with pytest.raises(NotFound):
            await store.todos.save(replace(todo, title="Theirs", version=2), owner_id=stranger.id, replacing=1)
        with pytest.raises(NotFound):
            await store.todos.remove(todo.id, owner_id=stranger.id)
        with pytest.raises(NotFound):
            await store.todos.remove(todo.id, owner_id=stranger.id, version=1)

        everything = TodoFilter(texts=("mine",), tags=("mine",), done=False)
        assert (await store.todos.find(TodoQuery(), owner_id=stranger.id)).items == []
        assert (await store.todos.find(TodoQuery(where=everything), owner_id=stranger.id)).items == []
        assert await store.todos.count(TodoFilter(), owner_id=stranger.id) == 0
        assert await store.todos.count(everything, owner_id=stranger.id) == 0
        assert (await store.todos.tags(TagQuery(), owner_id=stranger.id)).items == []
        assert await store.todos.get(todo.id, owner_id=user.id) == todo

    async def test_the_id_of_a_removed_todo_is_never_used_again(self, store: Store, user: Account) -> None:
        first = await store.todos.add(a_todo(), owner_id=user.id)
        await store.todos.remove(first.id, owner_id=user.id)

        second = await store.todos.add(a_todo(), owner_id=user.id)

        assert second.id > first.id
