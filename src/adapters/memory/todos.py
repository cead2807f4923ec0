"""To-dos in memory."""

from collections import defaultdict
from functools import total_ordering
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from adapters.memory.accounts import existing_account
from adapters.memory.state import State, Table, Tables, Transaction
from domain.errors import NotFound, StaleVersion
from domain.pages import how_many_fit
from domain.text import fold
from domain.todos.model import TagCount, Todo
from domain.todos.query import Position, TagPage, TagQuery, TodoFilter, TodoOrder, TodoPage, TodoQuery


class StoredTodo(Struct, frozen=True):
    """A to-do and who owns it."""

    todo: Todo
    owner_id: int


TODOS = Table[StoredTodo]()


class MemoryTodos:
    """Implements ``domain.todos.ports.TodoRepository``."""

    def __init__(self, state: State | Transaction) -> None:
        self._state = state

    async def add(self, todo: Todo, *, owner_id: int) -> Todo:
        """See the port."""
        async with self._state.writing() as tables:
            existing_account(tables, owner_id)
            stored = replace(todo, id=self._state.new_id())
            tables[TODOS][stored.id] = StoredTodo(stored, owner_id)
        return stored

    async def get(self, todo_id: int, *, owner_id: int) -> Todo:
        """See the port."""
        return _own(self._state.tables, todo_id, owner_id)

    async def save(self, todo: Todo, *, owner_id: int, replacing: int) -> None:
        """See the port."""
        async with self._state.writing() as tables:
            _require_version(_own(tables, todo.id, owner_id), replacing)
            tables[TODOS][todo.id] = StoredTodo(todo, owner_id)

    async def remove(self, todo_id: int, *, owner_id: int, version: int | None = None) -> None:
        """See the port."""
        async with self._state.writing() as tables:
            todo = _own(tables, todo_id, owner_id)
            if version is not None:
                _require_version(todo, version)
            del tables[TODOS][todo_id]

    async def find(self, query: TodoQuery, *, owner_id: int) -> TodoPage:
        """See the port."""
        todos = _in_order(self._matching(query.where, owner_id), query.order)
        if query.after is not None:
            place = _place(query.after, query.order)
            todos = [todo for todo in todos if _place(Position.of(todo, query.order), query.order) > place]
        items = todos[: min(query.limit, how_many_fit(todo.max_bytes() for todo in todos))]
        return TodoPage.of(items, query, more=len(todos) > len(items))

    async def count(self, where: TodoFilter, *, owner_id: int) -> int:
        """See the port."""
        return len(self._matching(where, owner_id))

    async def tags(self, query: TagQuery, *, owner_id: int) -> TagPage:
        """See the port."""
        spellings: defaultdict[str, list[str]] = defaultdict(list)
        for todo in self._matching(TodoFilter(), owner_id):
            for tag in todo.tags:
                spellings[fold(tag)].append(tag)
        keys = sorted(key for key in spellings if query.after is None or key > query.after)
        items = [TagCount(tag=min(spellings[key]), count=len(spellings[key])) for key in keys[: query.limit]]
        return TagPage(items=items, next=keys[query.limit - 1] if len(keys) > query.limit else None)

    def _matching(self, where: TodoFilter, owner_id: int) -> list[Todo]:
        own = (stored.todo for stored in self._state.tables[TODOS].values() if stored.owner_id == owner_id)
        tags, texts = {fold(tag) for tag in where.tags}, [fold(text) for text in where.texts]
        return [todo for todo in own if _fulfils(todo, where) and _bears(todo, tags) and _has(todo, texts)]


def _own(tables: Tables, todo_id: int, owner_id: int) -> Todo:
    stored = tables[TODOS].get(todo_id)
    if stored is None or stored.owner_id != owner_id:
        raise NotFound("There is no such to-do.")
    return stored.todo


def _require_version(todo: Todo, version: int) -> None:
    if todo.version != version:
        raise StaleVersion("The to-do was changed meanwhile.")


def _fulfils(todo: Todo, where: TodoFilter) -> bool:
    due_before: Any = where.due_before  # an instant, see the port
    due_after: Any = where.due_after
    return (
        (where.done is None or todo.done == where.done)
        and (where.priority is None or todo.priority == where.priority)
        and (where.has_due is None or (todo.due_at is not None) == where.has_due)
        and (due_before is None or (todo.due_at is not None and todo.due_at < due_before))
        and (due_after is None or (todo.due_at is not None and todo.due_at >= due_after))
        and (where.updated_since is None or todo.updated_at >= where.updated_since)
    )


def _bears(todo: Todo, tags: set[str]) -> bool:
    return not tags or tags <= {fold(tag) for tag in todo.tags}


def _has(todo: Todo, texts: list[str]) -> bool:
    if not texts:
        return True
    title, description = fold(todo.title), fold(todo.description or "")
    return all(text in title or text in description for text in texts)


def _in_order(todos: list[Todo], order: TodoOrder) -> list[Todo]:
    return sorted(todos, key=lambda todo: _place(Position.of(todo, order), order))


@total_ordering
class _Descending(Struct, frozen=True):
    """Compares the other way round."""

    value: Any

    def __lt__(self, other: "_Descending") -> bool:
        return other.value < self.value


def _place(position: Position, order: TodoOrder) -> tuple[Any, ...]:
    """Return what positions are compared by: those without a value last, then the value, then the id."""
    value, todo_id = (_Descending(part) if order.descending else part for part in (position.value, position.id))
    return (1, todo_id) if position.value is None else (0, value, todo_id)
