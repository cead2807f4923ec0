"""To-dos in a database."""

from functools import cache
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import (
    BigInteger,
    BindParameter,
    Boolean,
    ColumnElement,
    Text,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from adapters.sqlalchemy.database import Connection, MissingReference, Row, Statement
from adapters.sqlalchemy.tables import TodoRow
from domain.errors import NotFound, StaleVersion, Unauthenticated
from domain.text import fold
from domain.todos.due import Due
from domain.todos.model import TagCount, Todo
from domain.todos.query import SortKey, TodoFilter, TodoQuery

_of_owner = TodoRow.owner_id == bindparam("owner")
_this_one = TodoRow.id == bindparam("todo_id")
_this_version = TodoRow.version == bindparam("replacing")

_columns = (
    TodoRow.id,
    TodoRow.title,
    TodoRow.description,
    TodoRow.done,
    TodoRow.done_at,
    TodoRow.priority,
    TodoRow.tags,
    TodoRow.due_date,
    TodoRow.due_time,
    TodoRow.due_zone,
    TodoRow.due_at,
    TodoRow.created_at,
    TodoRow.updated_at,
    TodoRow.version,
)
_written: dict[str, BindParameter[Any]] = {
    column.name: bindparam(column.name) for column in TodoRow.__table__.columns if column.name not in {"id", "owner_id"}
}

_ADD = Statement(insert(TodoRow).values(owner_id=bindparam("owner"), **_written).returning(TodoRow.id))
_GET = Statement(select(*_columns).where(_this_one, _of_owner))
_SAVE = Statement(update(TodoRow).where(_this_one, _of_owner, _this_version).values(**_written).returning(TodoRow.id))
_REMOVE = Statement(delete(TodoRow).where(_this_one, _of_owner).returning(TodoRow.id))
_REMOVE_VERSION = Statement(delete(TodoRow).where(_this_one, _of_owner, _this_version).returning(TodoRow.id))
_TAGS = Statement(
    text("""
        SELECT min(each.tag COLLATE "C"), count(*)
        FROM todos, unnest(todos.tags, todos.tag_keys) AS each(tag, key)
        WHERE todos.owner_id = :owner
        GROUP BY each.key ORDER BY each.key COLLATE "C"
    """).bindparams(bindparam("owner", type_=BigInteger)),
    sqlite=text("""
        SELECT min(tag.value), count(*)
        FROM todos, json_each(todos.tags) AS tag, json_each(todos.tag_keys) AS key
        WHERE todos.owner_id = :owner AND tag.key = key.key
        GROUP BY key.value ORDER BY key.value
    """),
)


class SqlAlchemyTodos:
    """Implements ``domain.todos.ports.TodoRepository``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, todo: Todo, *, owner_id: int) -> Todo:
        """See the port."""
        try:
            row = await self._connection.fetch_one(_ADD, owner=owner_id, **_to_values(todo))
        except MissingReference:
            raise Unauthenticated("The account is gone.") from None
        assert row is not None  # noqa: S101 - an INSERT that returns no row has raised
        return replace(todo, id=row[0])

    async def get(self, todo_id: int, *, owner_id: int) -> Todo:
        """See the port."""
        row = await self._connection.fetch_one(_GET, todo_id=todo_id, owner=owner_id)
        if row is None:
            raise NotFound("There is no such to-do.")
        return _to_todo(row)

    async def save(self, todo: Todo, *, owner_id: int, replacing: int) -> None:
        """See the port."""
        saved = await self._connection.fetch_one(
            _SAVE, todo_id=todo.id, owner=owner_id, replacing=replacing, **_to_values(todo)
        )
        if saved is None:
            await self.get(todo.id, owner_id=owner_id)
            raise StaleVersion("The to-do was changed meanwhile.")

    async def remove(self, todo_id: int, *, owner_id: int, version: int | None = None) -> None:
        """See the port."""
        if version is None:
            removed = await self._connection.fetch_one(_REMOVE, todo_id=todo_id, owner=owner_id)
        else:
            removed = await self._connection.fetch_one(
                _REMOVE_VERSION, todo_id=todo_id, owner=owner_id, replacing=version
            )
        if removed is None:
            await self.get(todo_id, owner_id=owner_id)
            raise StaleVersion("The to-do was changed meanwhile.")

    async def find(self, query: TodoQuery, *, owner_id: int) -> list[Todo]:
        """See the port."""
        after = query.after
        statement = _find(
            _Shape(
                conditions=_asked(query.where),
                key=query.order.key,
                descending=query.order.descending,
                after="start" if after is None else "nothing" if after.value is None else "value",
            )
        )
        values: dict[str, object] = {"owner": owner_id, "most": query.limit, **_to_parameters(query.where)}
        if after is not None:
            values["after_id"] = after.id
            if after.value is not None:
                values["after_value"] = after.value
        return [_to_todo(row) for row in await self._connection.fetch_all(statement, **values)]

    async def count(self, where: TodoFilter, *, owner_id: int) -> int:
        """See the port."""
        row = await self._connection.fetch_one(_count(_asked(where)), owner=owner_id, **_to_parameters(where))
        return row[0] if row else 0

    async def tags(self, *, owner_id: int) -> list[TagCount]:
        """See the port."""
        rows = await self._connection.fetch_all(_TAGS, owner=owner_id)
        return [TagCount(tag=tag, count=count) for tag, count in rows]


class _Shape(Struct, frozen=True):
    """What makes two lists the same statement with other values."""

    conditions: frozenset[str]
    key: SortKey
    descending: bool
    after: Literal["start", "value", "nothing"]
    """Where the page starts: at the beginning, after a value of the sort key, or among those without one."""


class _HasTag(ColumnElement[bool]):
    """Whether a to-do bears the tag whose folded form is the parameter ``tag``."""

    inherit_cache = True
    type = Boolean()


@compiles(_HasTag, "postgresql")
def _has_tag_in_array(_: _HasTag, compiler: SQLCompiler, **options: object) -> str:
    return compiler.process(bindparam("tag", type_=Text()) == func.any(TodoRow.tag_keys), **options)


@compiles(_HasTag, "sqlite")
def _has_tag_in_json(_: _HasTag, compiler: SQLCompiler, **options: object) -> str:
    keys = func.json_each(TodoRow.tag_keys).table_valued("value")
    found = select(keys.c.value).where(keys.c.value == bindparam("tag", type_=Text()))
    return compiler.process(found.exists(), **options)


_pattern = bindparam("text", type_=Text())
_CONDITIONS: dict[str, ColumnElement[bool]] = {
    "done": TodoRow.done == bindparam("done"),
    "tag": _HasTag(),
    "priority": TodoRow.priority == bindparam("priority"),
    "due_before": TodoRow.due_at < bindparam("due_before"),
    "due_after": TodoRow.due_at >= bindparam("due_after"),
    "text": or_(TodoRow.title_key.like(_pattern, escape="\\"), TodoRow.description_key.like(_pattern, escape="\\")),
}


@cache
def _find(shape: _Shape) -> Statement:
    column = {
        "created_at": TodoRow.created_at,
        "updated_at": TodoRow.updated_at,
        "due_at": TodoRow.due_at,
        "priority": TodoRow.priority,
        "title": TodoRow.title_key,
    }[shape.key]
    by_value = column.desc() if shape.descending else column.asc()
    by_id = TodoRow.id.desc() if shape.descending else TodoRow.id.asc()
    statement = (
        select(*_columns)
        .where(_of_owner, *(_CONDITIONS[name] for name in sorted(shape.conditions)))
        .order_by(by_value.nulls_last() if column.nullable else by_value, by_id)
        .limit(bindparam("most"))
    )
    after_id = bindparam("after_id", type_=BigInteger)
    further_id = TodoRow.id < after_id if shape.descending else TodoRow.id > after_id
    if shape.after == "nothing":
        statement = statement.where(column.is_(None), further_id)
    elif shape.after == "value":
        here, there = tuple_(column, TodoRow.id), tuple_(bindparam("after_value", type_=column.type), after_id)
        further = here < there if shape.descending else here > there
        statement = statement.where(or_(further, column.is_(None)) if column.nullable else further)
    return Statement(statement)


@cache
def _count(conditions: frozenset[str]) -> Statement:
    asked = (_CONDITIONS[name] for name in sorted(conditions))
    return Statement(select(func.count()).select_from(TodoRow).where(_of_owner, *asked))


def _asked(where: TodoFilter) -> frozenset[str]:
    return frozenset(name for name in _CONDITIONS if getattr(where, name) is not None)


def _to_parameters(where: TodoFilter) -> dict[str, object]:
    values = {name: getattr(where, name) for name in _asked(where)}
    if where.tag is not None:
        values["tag"] = fold(where.tag)
    if where.text is not None:
        literal = fold(where.text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        values["text"] = f"%{literal}%"
    return values


def _to_values(todo: Todo) -> dict[str, object]:
    due = todo.due
    return {
        "title": todo.title,
        "title_key": fold(todo.title),
        "description": todo.description,
        "description_key": todo.description and fold(todo.description),
        "done": todo.done,
        "done_at": todo.done_at,
        "priority": todo.priority,
        "tags": list(todo.tags),
        "tag_keys": [fold(tag) for tag in todo.tags],
        "due_date": due and due.date,
        "due_time": due and due.time,
        "due_zone": due and due.zone,
        "due_at": todo.due_at,
        "created_at": todo.created_at,
        "updated_at": todo.updated_at,
        "version": todo.version,
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
        due_at=due_at,
        created_at=created_at,
        updated_at=updated_at,
        version=version,
    )
