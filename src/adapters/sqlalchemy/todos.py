"""To-dos in a database."""

from msgspec.structs import replace

from adapters.sqlalchemy.database import Connection, ForeignKeyViolation
from adapters.sqlalchemy.page_bytes import fitting
from adapters.sqlalchemy.todo_lists import TAGS, count, find
from adapters.sqlalchemy.todo_rows import ADD, GET, REMOVE, REMOVE_VERSION, SAVE, to_todo, to_values
from domain.errors import NotFound, StaleVersion, Unauthenticated
from domain.todos.model import TagCount, Todo
from domain.todos.query import TagPage, TagQuery, TodoFilter, TodoPage, TodoQuery


class SqlAlchemyTodos:
    """Implements ``domain.todos.ports.TodoRepository``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, todo: Todo, *, owner_id: int) -> Todo:
        """See the port."""
        try:
            row = await self._connection.fetch_one(ADD, owner=owner_id, **to_values(todo))
        except ForeignKeyViolation:
            raise Unauthenticated("The account is gone.") from None
        assert row is not None  # noqa: S101 - an INSERT that returns no row has raised
        return replace(todo, id=row[0])

    async def get(self, todo_id: int, *, owner_id: int) -> Todo:
        """See the port."""
        row = await self._connection.fetch_one(GET, todo_id=todo_id, owner=owner_id)
        if row is None:
            raise NotFound("There is no such to-do.")
        return to_todo(*row)

    async def save(self, todo: Todo, *, owner_id: int, replacing: int) -> None:
        """See the port."""
        saved = await self._connection.execute(
            SAVE, todo_id=todo.id, owner=owner_id, replacing=replacing, **to_values(todo)
        )
        if not saved:
            await self.get(todo.id, owner_id=owner_id)
            raise StaleVersion("The to-do was changed meanwhile.")

    async def remove(self, todo_id: int, *, owner_id: int, version: int | None = None) -> None:
        """See the port."""
        if version is None:
            removed = await self._connection.execute(REMOVE, todo_id=todo_id, owner=owner_id)
        else:
            removed = await self._connection.execute(REMOVE_VERSION, todo_id=todo_id, owner=owner_id, replacing=version)
        if not removed:
            await self.get(todo_id, owner_id=owner_id)
            raise StaleVersion("The to-do was changed meanwhile.")

    async def find(self, query: TodoQuery, *, owner_id: int) -> TodoPage:
        """See the port."""
        statement, values = find(query)
        rows = await self._connection.fetch_all(statement, owner=owner_id, **values)
        items = [to_todo(*row) for row in fitting(rows[: query.limit])]
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
