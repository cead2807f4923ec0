"""The statements of lists of to-dos: one is put together from the conditions that are asked."""

from functools import lru_cache, partial
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Integer,
    Text,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from adapters.sqlalchemy.database import QUERY_TIMEOUT, Statement
from adapters.sqlalchemy.page_bytes import always_within_page_bytes, max_text_bytes, within_page_bytes
from adapters.sqlalchemy.tables import TodoRow
from adapters.sqlalchemy.todo_rows import COLUMNS, OF_OWNER
from domain.pages import MAX_PAGE_BYTES
from domain.text import fold
from domain.todos.model import (
    MAX_DESCRIPTION_LENGTH,
    MAX_OTHER_BYTES,
    MAX_TAG_BYTES,
    MAX_TAGS,
    MAX_TITLE_LENGTH,
    MAX_TODO_BYTES,
)
from domain.todos.query import MAX_WORDS, SortKey, TodoFilter, TodoQuery

TAGS = Statement(
    text("""
        SELECT each.key COLLATE "C" AS key, min(each.tag COLLATE "C"), count(*)
        FROM todos, unnest(todos.tags, todos.tag_keys) AS each(tag, key)
        WHERE todos.owner_id = :owner AND each.key COLLATE "C" > :after
        GROUP BY 1 ORDER BY 1 LIMIT :limit
    """).bindparams(
        bindparam("owner", type_=BigInteger), bindparam("after", type_=Text), bindparam("limit", type_=BigInteger)
    ),
    sqlite=text("""
        SELECT key.value, min(tag.value), count(*)
        FROM todos, json_each(todos.tags) AS tag, json_each(todos.tag_keys) AS key
        WHERE todos.owner_id = :owner AND tag.key = key.key AND key.value > :after
        GROUP BY key.value ORDER BY key.value LIMIT :limit
    """),
    timeout=QUERY_TIMEOUT,
)


def find(query: TodoQuery) -> tuple[Statement, dict[str, object]]:
    """Return the statement that finds one page, without its owner, and the values it takes."""
    after, values = query.after, _values_of(query.where)
    shape = _Shape(
        conditions=_asked(query.where, values),
        key=query.order.key,
        descending=query.order.descending,
        after="start" if after is None else "nothing" if after.value is None else "value",
        always_fits=query.limit <= _ALWAYS_FIT,
    )
    values["limit"] = query.limit + 1
    if after is not None:
        values["after_id"] = after.id
        if after.value is not None:
            values["after_value"] = after.value
    return _find(shape), values


def count(where: TodoFilter) -> tuple[Statement, dict[str, object]]:
    """Return the statement that counts what fulfils the conditions, without its owner, and the values it takes."""
    values = _values_of(where)
    return _count(_asked(where, values)), values


_ALWAYS_FIT = MAX_PAGE_BYTES // MAX_TODO_BYTES
"""To-dos, however long they are."""


class _Shape(Struct, frozen=True):
    """What makes two lists the same statement with other values."""

    conditions: frozenset[str]
    key: SortKey
    descending: bool
    after: Literal["start", "value", "nothing"]
    """Where the page starts: at the beginning, after a value of the sort key, or among those without one."""
    always_fits: bool
    """Whether the page is so short that nobody has to look how many bytes it holds."""


class _HasTag(FunctionElement[bool]):
    """Whether a to-do bears the tag with this folded form."""

    inherit_cache = True
    type = Boolean()


@compiles(_HasTag, "postgresql")
def _has_tag_in_array(element: _HasTag, compiler: SQLCompiler, **options: object) -> str:
    (tag,) = element.clauses
    return compiler.process(tag == func.any(TodoRow.tag_keys), **options)


@compiles(_HasTag, "sqlite")
def _has_tag_in_json(element: _HasTag, compiler: SQLCompiler, **options: object) -> str:
    (tag,) = element.clauses
    keys = func.json_each(TodoRow.tag_keys).table_valued("value")
    return compiler.process(select(keys.c.value).where(keys.c.value == tag).exists(), **options)


_MAX_STRPOS_NEEDLE_LENGTH = literal_column("16", Integer())
"""Characters. PostgreSQL's strpos compares up to the whole needle at each place, fastest if either is short."""

_MAX_STRPOS_TEXT_LENGTH = literal_column("256", Integer())
"""Bytes, which are known without reading a long text."""

_NOWHERE = literal_column("0", Integer())
"""Where strpos and instr find what is not there."""


class _Contains(FunctionElement[bool]):
    """Whether the first text contains the second, in a time that depends on the length of the first alone.

    LIKE and, for long needles, strpos take its product with that of the second where both are made of one letter.
    """

    inherit_cache = True
    type = Boolean()


@compiles(_Contains, "postgresql")
def _contains_by_automaton(element: _Contains, compiler: SQLCompiler, **options: object) -> str:
    """Look for what is long with a regular expression, which PostgreSQL runs as a finite automaton.

    After ``***=`` every character stands for itself. "C" compares bytes, whatever the locale of the database.
    """
    column, needle = element.clauses
    haystack = column.collate("C")
    by_automaton = haystack.regexp_match(literal_column("'***='", Text()) + needle)
    by_comparing = func.strpos(haystack, needle) > _NOWHERE
    is_short = or_(
        func.length(needle) <= _MAX_STRPOS_NEEDLE_LENGTH, func.octet_length(column) <= _MAX_STRPOS_TEXT_LENGTH
    )
    return compiler.process(case((is_short, by_comparing), else_=by_automaton), **options)


@compiles(_Contains, "sqlite")
def _contains_by_comparing(element: _Contains, compiler: SQLCompiler, **options: object) -> str:
    """Compare at each place with the C library's memcmp, which takes a few nanoseconds for the longest needle."""
    return compiler.process(func.instr(*element.clauses) > _NOWHERE, **options)


class _Length(FunctionElement[int]):
    """How many texts are in a list of them."""

    inherit_cache = True
    type = BigInteger()


@compiles(_Length, "postgresql")
def _length_of_array(element: _Length, compiler: SQLCompiler, **options: Any) -> str:
    return f"cardinality({compiler.process(element.clauses, **options)})"


@compiles(_Length, "sqlite")
def _length_of_json(element: _Length, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_array_length({compiler.process(element.clauses, **options)})"


_max_bytes = (
    literal_column(str(MAX_OTHER_BYTES), BigInteger())
    + max_text_bytes(TodoRow.title, max_length=MAX_TITLE_LENGTH)
    + max_text_bytes(TodoRow.description, max_length=MAX_DESCRIPTION_LENGTH)
    + literal_column(str(MAX_TAG_BYTES), BigInteger()) * _Length(TodoRow.tags)
)
"""What ``Todo.max_bytes`` says."""


def _has_tag(name: str) -> ColumnElement[bool]:
    return _HasTag(bindparam(name, type_=Text()))


def _has_text(name: str) -> ColumnElement[bool]:
    text = bindparam(name, type_=Text())
    return or_(_Contains(TodoRow.title_key, text), _Contains(TodoRow.description_key, text))


_TAG_NAMES = tuple(f"tag_{number}" for number in range(MAX_TAGS))
_TEXT_NAMES = tuple(f"text_{number}" for number in range(MAX_WORDS))

_CONDITIONS: dict[str, ColumnElement[bool]] = {
    "done": TodoRow.done == bindparam("done"),
    "priority": TodoRow.priority == bindparam("priority"),
    "is_due": TodoRow.due_at.is_not(None),
    "is_not_due": TodoRow.due_at.is_(None),
    "due_before": TodoRow.due_at < bindparam("due_before"),
    "due_after": TodoRow.due_at >= bindparam("due_after"),
    "updated_since": TodoRow.updated_at >= bindparam("updated_since"),
    **{name: _has_tag(name) for name in _TAG_NAMES},
    **{name: _has_text(name) for name in _TEXT_NAMES},
}
"""By their names, which also are those of the values that they take, if they take any."""

_NAMES = ("done", "priority", "due_before", "due_after", "updated_since")
"""Conditions that are called as their fields are."""

_MAX_SHAPES = 500
"""Statements that are kept, some megabytes: there are millions, of which clients ask few."""


@lru_cache(_MAX_SHAPES)
def _find(shape: _Shape) -> Statement:
    column = {
        "created_at": TodoRow.created_at,
        "updated_at": TodoRow.updated_at,
        "due_at": TodoRow.due_at,
        "priority": TodoRow.priority,
        "title": TodoRow.title_key,
    }[shape.key]
    in_order = partial(_in_order, descending=shape.descending, nullable=bool(column.nullable))
    statement = (
        select(*COLUMNS)
        .where(OF_OWNER, *(_CONDITIONS[name] for name in sorted(shape.conditions)))
        .order_by(*in_order(column, TodoRow.id))
        .limit(bindparam("limit"))
    )
    after_id = bindparam("after_id", type_=BigInteger)
    further_id = TodoRow.id < after_id if shape.descending else TodoRow.id > after_id
    if shape.after == "nothing":
        statement = statement.where(column.is_(None), further_id)
    elif shape.after == "value":
        here, there = tuple_(column, TodoRow.id), tuple_(bindparam("after_value", type_=column.type), after_id)
        further = here < there if shape.descending else here > there
        statement = statement.where(or_(further, column.is_(None)) if column.nullable else further)
    if shape.always_fits:
        return always_within_page_bytes(statement)
    return within_page_bytes(statement, row_id=TodoRow.id, item_bytes=_max_bytes, place=column, in_order=in_order)


def _in_order(place: Any, row_id: Any, *, descending: bool, nullable: bool) -> tuple[ColumnElement[Any], ...]:
    by_place = place.desc() if descending else place.asc()
    return by_place.nulls_last() if nullable else by_place, row_id.desc() if descending else row_id.asc()


@lru_cache(_MAX_SHAPES)
def _count(conditions: frozenset[str]) -> Statement:
    asked = (_CONDITIONS[name] for name in sorted(conditions))
    return Statement(select(func.count()).select_from(TodoRow).where(OF_OWNER, *asked), timeout=QUERY_TIMEOUT)


def _asked(where: TodoFilter, values: dict[str, object]) -> frozenset[str]:
    if where.has_due is None:
        return frozenset(values)
    return frozenset([*values, "is_due" if where.has_due else "is_not_due"])


def _values_of(where: TodoFilter) -> dict[str, object]:
    values: dict[str, object] = {name: value for name in _NAMES if (value := getattr(where, name)) is not None}
    if where.tags:
        values |= zip(_TAG_NAMES, dict.fromkeys(map(fold, where.tags)), strict=False)
    if where.texts:
        values |= zip(_TEXT_NAMES, dict.fromkeys(map(fold, where.texts)), strict=False)
    return values
