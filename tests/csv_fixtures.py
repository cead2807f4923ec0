"""Rows for tests from CSV files: ``await load(database, FIXTURES)`` fills the tables in the order of their references.

A file is called like its table, ``users.csv`` apart, and its first line names the columns. Columns that may be null
can be left out or empty. Values are written as they are read: ``true`` and ``false``, ``2018-10-03 12:30:00`` (UTC if
no offset says otherwise), ``2018-10-03``, ``12:30:00``, and lists as ``home;shopping``. The case-folded copies of
to-dos are made here, as the adapter makes them.
"""

import csv
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from io import StringIO
from pathlib import Path
from typing import Any, cast

from msgspec import Struct
from sqlalchemy import Column, Table, bindparam, func, insert, select

from adapters.sqlalchemy.database import Connection, Database, ForeignKeyViolation, Statement, UniqueViolation
from adapters.sqlalchemy.tables import METADATA
from adapters.sqlalchemy.todo_rows import folded

FIXTURES = Path(__file__).parent / "fixtures"

_TABLES = {f"{'users' if table.name == 'accounts' else table.name}.csv": table for table in METADATA.sorted_tables}
_FOLDED = frozenset(folded(title="", description=None, tags=()))


class CsvError(Exception):
    """A file says something that cannot be loaded."""


class CsvRow(Struct, frozen=True):
    """The values of one row by the names of their columns, and the line it starts on."""

    line: int
    values: dict[str, object]


async def load(database: Database, directory: Path, only: Collection[str] | None = None) -> None:
    """Fill the tables from the files in a directory, or ``only`` from those with these names: all of it or nothing.

    New rows get ids after the highest one that was loaded.

    :raises CsvError: if a file, a column or a value does not fit the tables; it says which, and why.
    """
    texts = _texts(directory)
    for name in only or ():
        if name not in texts:
            raise CsvError(f"{name}: there is no such file; there are {', '.join(texts)}")
    rows = {name: parse(name, text) for name, text in texts.items() if only is None or name in only}

    async def insert_all(connection: Connection) -> None:
        for name, table in _TABLES.items():
            if rows.get(name):
                await _insert(connection, name, table, rows[name])

    await database.transaction(insert_all)


def _texts(directory: Path) -> dict[str, str]:
    return {path.name: path.read_bytes().decode() for path in sorted(directory.glob("*.csv"))}


def parse(name: str, text: str) -> list[CsvRow]:
    """Return the rows of the file called ``name``, their values typed by their columns.

    :raises CsvError: if they do not fit the table.
    """
    if name not in _TABLES:
        raise CsvError(f"{name}: there is no such table; files may be called {', '.join(_TABLES)}")
    table = _TABLES[name]
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    rows: list[CsvRow] = []
    with _syntax_errors(name, reader):
        header = next(reader, None) or []
        columns = _columns(name, table, header)
        line = reader.line_num + 1
        for cells in reader:
            if cells:
                rows.append(CsvRow(line, _values(f"{name}, line {line}", columns, cells)))
            line = reader.line_num + 1
    return rows


def _columns(name: str, table: Table, header: list[str]) -> "list[Column[Any]]":
    known = {column.name: column for column in table.columns if column.name not in _FOLDED}
    for column in header:
        if column not in known:
            raise CsvError(f"{name}: there is no column {column!r} in {table.name}; it has {', '.join(known)}")
        if header.count(column) > 1:
            raise CsvError(f"{name}: the column {column!r} is there {header.count(column)} times")
    for column in known.values():
        if column.name not in header and not column.nullable and not column.primary_key:
            raise CsvError(f"{name}: the column {column.name!r} is missing")
    return [known[column] for column in header]


def _values(place: str, columns: "list[Column[Any]]", cells: list[str]) -> dict[str, object]:
    if len(cells) != len(columns):
        raise CsvError(f"{place}: there are {len(cells)} values for {len(columns)} columns")
    values = {
        column.name: _value(f"{place}, {column.name}", column, cell)
        for column, cell in zip(columns, cells, strict=True)
    }
    if columns[0].table.name == "todos":
        values |= folded(
            title=cast("str", values["title"]),
            description=cast("str | None", values.get("description")),
            tags=cast("list[str]", values["tags"]),
        )
    return values


def _value(place: str, column: "Column[Any]", cell: str) -> object:
    if not cell and column.nullable:
        return None
    read, expectation = _TYPES[column.type.python_type]
    try:
        return read(cell)
    except ValueError:
        raise CsvError(f"{place}: {cell!r} is not {expectation}") from None


def _boolean(cell: str) -> bool:
    if cell not in {"true", "false"}:
        raise ValueError
    return cell == "true"


def _instant(cell: str) -> datetime:
    moment = datetime.fromisoformat(cell)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _list(cell: str) -> list[str]:
    return cell.split(";") if cell else []


_TYPES: dict[type, tuple[Callable[[str], object], str]] = {
    str: (str, "text"),
    int: (int, "a whole number"),
    bool: (_boolean, "true or false"),
    datetime: (_instant, "a date and a time"),
    date: (date.fromisoformat, "a date"),
    time: (time.fromisoformat, "a time of day"),
    list: (_list, "a list"),
}


async def _insert(connection: Connection, name: str, table: Table, rows: list[CsvRow]) -> None:
    names = rows[0].values
    statement = Statement(insert(table).values({name: bindparam(name) for name in names}).returning(table.c.id))
    for row in rows:
        try:
            await connection.fetch_one(statement, **row.values)
        except UniqueViolation as error:
            raise CsvError(f"{name}, line {row.line}: there is such a row already ({error})") from error
        except ForeignKeyViolation as error:
            raise CsvError(f"{name}, line {row.line}: there is no row that it refers to ({error})") from error
    # SQLite's AUTOINCREMENT goes on after the highest id by itself.
    highest = select(func.max(table.c.id))
    go_on = select(func.setval(func.pg_get_serial_sequence(table.name, "id"), highest.scalar_subquery()))
    await connection.fetch_one(Statement(go_on, sqlite=highest))


@contextmanager
def _syntax_errors(name: str, reader: Any) -> Generator[None]:
    try:
        yield
    except csv.Error as error:
        raise CsvError(f"{name}, line {reader.line_num}: {error}") from error
