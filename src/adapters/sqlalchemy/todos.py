"""To-dos in a database."""

from collections.abc import Iterable

from msgspec.structs import replace

from adapters.sqlalchemy.database import Connection, ForeignKeyViolation, Row, instant
from adapters.sqlalchemy.page_bytes import fitting
from adapters.sqlalchemy.todo_statements import ADD, GET, REMOVE, REMOVE_VERSION, SAVE, TAGS, count, find
from domain.errors import NotFound, StaleVersion, Unauthenticated
from domain.text import fold
from domain.todos.due import Due
from domain.todos.model import TagCount, Todo
from domain.todos.query import TagPage, TagQuery, TodoFilter, TodoPage, TodoQuery


class SqlAlchemyTodos:
    """Implements ``domain.todos.ports.TodoRepository``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, todo: Todo, *, owner_id: int) -> Todo:
        """See the port."""
        try:
            row = await self._connection.fetch_one(ADD, owner=owner_id, **_to_values(todo))
        except ForeignKeyViolation:
            raise Unauthenticated("The account is gone.") from None
        assert row is not None  # noqa: S101 - an INSERT that returns no row has raised
        return replace(todo, id=row[0])

    async def get(self, todo_id: int, *, owner_id: int) -> Todo:
        """See the port."""
        row = await self._connection.fetch_one(GET, todo_id=todo_id, owner=owner_id)
        if row is None:
            raise NotFound("There is no such to-do.")
        return _to_todo(row)

    async def save(self, todo: Todo, *, owner_id: int, replacing: int) -> None:
        """See the port."""
        saved = await self._connection.fetch_one(
            SAVE, todo_id=todo.id, owner=owner_id, replacing=replacing, **_to_values(todo)
        )
        if saved is None:
            await self.get(todo.id, owner_id=owner_id)
            raise StaleVersion("The to-do was changed meanwhile.")

    async def remove(self, todo_id: int, *, owner_id: int, version: int | None = None) -> None:
        """See the port."""
        if version is None:
            removed = await self._connection.fetch_one(REMOVE, todo_id=todo_id, owner=owner_id)
        else:
            removed = await self._connection.fetch_one(
                REMOVE_VERSION, todo_id=todo_id, owner=owner_id, replacing=version
            )
        if removed is None:
            await self.get(todo_id, owner_id=owner_id)
            raise StaleVersion("The to-do was changed meanwhile.")

    async def find(self, query: TodoQuery, *, owner_id: int) -> TodoPage:
        """See the port."""
        statement, values = find(query)
        rows = await self._connection.fetch_all(statement, owner=owner_id, **values)
        items = [_to_todo(row) for row in fitting(rows[: query.limit])]
        return TodoPage.of(items, query, more=len(rows) > len(items))

    async def count(self, where: TodoFilter, *, owner_id: int) -> int:
        """See the port."""
        statement, values = count(where)
        row = await self._connection.fetch_one(statement, owner=owner_id, **values)
        return row[0] if row else 0

    async def tags(self, query: TagQuery, *, owner_id: int) -> TagPage:
        """See the port."""
        after = "" if query.after is None else query.after  # no tag is empty
        rows = await self._connection.fetch_all(TAGS, owner=owner_id, after=after, limit=query.limit + 1)
        items = [TagCount(tag=tag, count=count) for _, tag, count in rows[: query.limit]]
        return TagPage(items=items, next=rows[query.limit - 1][0] if len(rows) > query.limit else None)


def folded(*, title: str, description: str | None, tags: Iterable[str]) -> dict[str, object]:
    """Return the columns that are made from others, see ``tables``."""
    return {
        "title_key": fold(title),
        "description_key": description and fold(description),
        "tag_keys": [fold(tag) for tag in tags],
    }


def _to_values(todo: Todo) -> dict[str, object]:
    due = todo.due
    return {
        "title": todo.title,
        "description": todo.description,
        "done": todo.done,
        "done_at": todo.done_at,
        "priority": todo.priority,
        "tags": list(todo.tags),
        "due_date": due and due.date,
        "due_time": due and due.time,
        "due_zone": due and due.zone,
        "due_at": todo.due_at,
        "created_at": todo.created_at,
        "updated_at": todo.updated_at,
        "version": todo.version,
        **folded(title=todo.title, description=todo.description, tags=todo.tags),
    }


def _to_todo(row: Row) -> Todo:
    (
        todo_id,
        title,
        description,
        done,
        done_at,
        priority,
        tags,
        due_date,
        due_time,
        due_zone,
        due_at,
        created_at,
        updated_at,
        version,
        *_,
    ) = row
    return Todo(
        id=todo_id,
        title=title,
        description=description,
        done=done,
        done_at=done_at,
        priority=priority,
        tags=tuple(tags),
        due=None if due_date is None else Due(date=due_date, time=due_time, zone=due_zone),
        due_at=instant(due_at),
        created_at=created_at,
        updated_at=updated_at,
        version=version,
    )
