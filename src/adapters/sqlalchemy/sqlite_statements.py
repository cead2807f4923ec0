"""Statements through the standard library's driver, all of it in the thread that owns the connection."""

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from time import monotonic
from typing import Any, NoReturn

import msgspec
from sqlalchemy.dialects.sqlite import pysqlite

from adapters.sqlalchemy.base import DateTimeUTC
from adapters.sqlalchemy.compiled import CompiledStatement
from adapters.sqlalchemy.database import (
    DAMAGED,
    FULL,
    NOT_MIGRATED,
    READ_ONLY,
    TOO_EXPENSIVE,
    Connection,
    Damaged,
    ForeignKeyViolation,
    QueryTooExpensive,
    Result,
    Row,
    Statement,
    Unavailable,
    UniqueViolation,
    Unwritable,
)
from adapters.sqlalchemy.sqlite_thread import Waiter

_STEPS = 200_000
"""Steps of SQLite's virtual machine, after which it asks whether to go on: about ten milliseconds."""

_KNOWN_ERRORS: dict[int, Callable[[str], Exception]] = {
    sqlite3.SQLITE_CONSTRAINT_UNIQUE: UniqueViolation,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: UniqueViolation,
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: ForeignKeyViolation,
    sqlite3.SQLITE_INTERRUPT: lambda _: QueryTooExpensive(TOO_EXPENSIVE),
    # What follows will not pass by itself.
    sqlite3.SQLITE_READONLY: lambda _: Unwritable(READ_ONLY),
    sqlite3.SQLITE_FULL: lambda _: Unwritable(FULL),
    sqlite3.SQLITE_CORRUPT: lambda _: Damaged(DAMAGED),
    sqlite3.SQLITE_NOTADB: lambda _: Damaged(DAMAGED),
}
"""By extended or primary result codes."""

_PRIMARY_CODE = 0xFF
"""The bits of an extended result code that are its primary one."""


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


_DIALECT = pysqlite.dialect(json_serializer=_json, json_deserializer=msgspec.json.decode)

_Process = Callable[[Any], Any]
"""What turns a value into one that SQLite knows, or the other way round."""


class SqliteStatement(CompiledStatement):
    """A compiled statement, and what becomes of values on their way in and out."""

    __slots__ = ("_inwards", "_outwards")

    def __init__(self, statement: Statement) -> None:
        core = statement.on(_DIALECT.name)
        compiled: Any = core.compile(dialect=_DIALECT)
        super().__init__(compiled)
        self._inwards: list[tuple[int, _Process]] = [
            (place, process)
            for place, name in enumerate(self._names)
            if (process := _inwards(compiled.binds[name])) is not None
        ]
        self._outwards: list[tuple[int, _Process]] = [
            (place, process)
            for place, column in enumerate(getattr(core, "exported_columns", ()))  # text has none
            if (process := _outwards(column)) is not None
        ]

    def arguments(self, values: dict[str, object]) -> list[object]:
        """See ``CompiledStatement``; as SQLite knows them."""
        arguments = super().arguments(values)
        for place, process in self._inwards:
            arguments[place] = process(arguments[place])
        return arguments

    def row(self, stored: Row) -> Row:
        """Return the values of a row that SQLite returned."""
        row = list(stored)
        for place, process in self._outwards:
            if row[place] is not None:
                row[place] = process(row[place])
        return row


Read = Callable[[sqlite3.Cursor, SqliteStatement], Result]
"""What is to be known of a statement that was executed."""


def first_row(cursor: sqlite3.Cursor, compiled: SqliteStatement) -> Row | None:
    """Read the first row, if there is one; what writes is done only when all of them were fetched."""
    rows = cursor.fetchall()
    return compiled.row(rows[0]) if rows else None


def all_rows(cursor: sqlite3.Cursor, compiled: SqliteStatement) -> Sequence[Row]:
    """Read every row."""
    return [compiled.row(row) for row in cursor.fetchall()]


def row_count(cursor: sqlite3.Cursor, _: SqliteStatement) -> int:
    """Return how many rows an UPDATE or a DELETE found."""
    return cursor.rowcount


def execute(
    statement: Statement,
    values: dict[str, object],
    read: Read[Result],
    driver: sqlite3.Connection,
    waiter: Waiter,
) -> Result:
    """Execute a statement; if it has a timeout it is stopped then, or as soon as nobody waits for it."""
    compiled: SqliteStatement = statement.compiled.get("sqlite") or _compile(statement)
    if statement.timeout is not None:
        ends = monotonic() + statement.timeout
        driver.set_progress_handler(lambda: waiter.has_left or monotonic() > ends, _STEPS)
    try:
        return read(driver.execute(compiled.sql, compiled.arguments(values)), compiled)
    except sqlite3.Error as error:
        raise_translated(error)
    finally:
        if statement.timeout is not None:
            driver.set_progress_handler(None, 0)


class SqliteConnection:
    """Executes statements in the transaction that is open on a connection; none of its methods ever suspends."""

    def __init__(self, driver: sqlite3.Connection, waiter: Waiter) -> None:
        self._driver = driver
        self._waiter = waiter

    async def fetch_one(self, statement: Statement, /, **values: object) -> Row | None:
        """See ``Connection``."""
        return execute(statement, values, first_row, self._driver, self._waiter)

    async def fetch_all(self, statement: Statement, /, **values: object) -> Sequence[Row]:
        """See ``Connection``."""
        return execute(statement, values, all_rows, self._driver, self._waiter)

    async def execute(self, statement: Statement, /, **values: object) -> int:
        """See ``Connection``."""
        return execute(statement, values, row_count, self._driver, self._waiter)


def in_transaction(
    work: Callable[[Connection], Awaitable[Result]], driver: sqlite3.Connection, waiter: Waiter
) -> Result:
    """Do ``work`` in the transaction that is open."""
    return _result_of(work(SqliteConnection(driver, waiter)))


def _result_of(work: Awaitable[Result]) -> Result:
    """Return the result of what awaits nothing that is not there already.

    :raises RuntimeError: if it awaits something else, which would never come here.
    """
    steps = work.__await__()
    try:
        next(steps)
    except StopIteration as end:
        return end.value
    raise RuntimeError("A transaction awaits nothing but its own statements.")


def _inwards(parameter: Any) -> _Process | None:
    return parameter.type.dialect_impl(_DIALECT).bind_processor(_DIALECT)


def _outwards(column: Any) -> _Process | None:
    if isinstance(column.type, DateTimeUTC):
        return _to_instant
    return column.type.dialect_impl(_DIALECT).result_processor(_DIALECT, None)


def _to_instant(text: str) -> datetime:
    """Do what SQLAlchemy and Advanced Alchemy do with a text of theirs, in a seventh of the time."""
    return datetime.fromisoformat(f"{text}+00:00")


def _compile(statement: Statement) -> SqliteStatement:
    compiled = statement.compiled["sqlite"] = SqliteStatement(statement)
    return compiled


def raise_translated(error: sqlite3.Error) -> NoReturn:
    """Raise what ``Connection`` promises instead of an error of the driver's; or that error, if nothing is."""
    code: int = getattr(error, "sqlite_errorcode", 0)  # what the driver finds itself has none
    known = _KNOWN_ERRORS.get(code) or _KNOWN_ERRORS.get(code & _PRIMARY_CODE)
    if known is not None:
        raise known(str(error)) from error
    if "no such table" in str(error):
        raise Unavailable(NOT_MIGRATED) from error
    if isinstance(error, sqlite3.OperationalError | sqlite3.InternalError):
        raise Unavailable("The database cannot be used now.") from error
    raise error  # a statement or a value of ours is wrong
