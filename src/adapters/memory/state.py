"""What the repositories in memory share."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, Generic, Protocol, TypeVar


class Row(Protocol):
    """Something that is stored, and does not change: another row replaces it."""

    @property
    def owner_id(self) -> int:
        """The account that it belongs to: when that is removed, this is, too."""
        ...


SomeRow = TypeVar("SomeRow", bound=Row)


class Table(Generic[SomeRow]):
    """Names the rows of one kind among ``Tables``; each repository has its own."""


class Tables:
    """The rows of each kind by their ids. Rows are immutable, so a copy of the dictionaries is a copy of everything."""

    def __init__(self) -> None:
        self._rows: dict[Table[Any], dict[int, Any]] = {}

    def __getitem__(self, table: Table[SomeRow]) -> dict[int, SomeRow]:
        return self._rows.setdefault(table, {})

    def remove_everything_of(self, account_id: int) -> None:
        """Remove every row that belongs to an account, of whatever kind."""
        self._rows = {
            table: {key: row for key, row in rows.items() if row.owner_id != account_id}
            for table, rows in self._rows.items()
        }

    def copy(self) -> "Tables":
        """Return other dictionaries with the same rows."""
        copy = Tables()
        copy._rows = {table: rows.copy() for table, rows in self._rows.items()}
        return copy


class State:
    """The committed tables, new ids, and the lock that whoever changes something holds.

    Methods of the repositories change the tables without awaiting anything in between, so they need the lock only to
    stay out of the transactions of others.
    """

    def __init__(self) -> None:
        self.tables = Tables()
        self._lock = asyncio.Lock()
        self._ids = count(1)

    def new_id(self) -> int:
        """Return an id that was never used, not even by a row that is gone."""
        return next(self._ids)

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[Tables]:
        """Yield the committed tables while nobody else changes them."""
        async with self._lock:
            yield self.tables

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator["Transaction"]:
        """Yield a copy of everything, and make it the truth if the block is left without an exception."""
        async with self._lock:
            transaction = Transaction(self.tables.copy(), self._ids)
            yield transaction
            self.tables = transaction.tables


class Transaction:
    """Looks like a ``State``, and is private until it is committed."""

    def __init__(self, tables: Tables, ids: "count[int]") -> None:
        self.tables = tables
        self._ids = ids

    def new_id(self) -> int:
        """See ``State``."""
        return next(self._ids)

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[Tables]:
        """See ``State``; the lock is held already."""
        yield self.tables
