"""How statements reach a database: one small interface, and an implementation for each database."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy.sql import ClauseElement

from domain.concurrency.pool import PoolUsage
from domain.errors import QueryTooExpensive, Unavailable

__all__ = [
    "BUSY",
    "DAMAGED",
    "FULL",
    "MAX_WAITING",
    "NOT_MIGRATED",
    "OVERRUN",
    "QUERY_TIMEOUT",
    "READ_ONLY",
    "TOO_EXPENSIVE",
    "Connection",
    "Damaged",
    "Database",
    "ForeignKeyViolation",
    "Health",
    "QueryTooExpensive",
    "Result",
    "Row",
    "Statement",
    "Unavailable",
    "UniqueViolation",
    "Unwritable",
    "instant",
]

NOT_MIGRATED = "The database has not been migrated."
BUSY = "Every connection to the database is in use."
OVERRUN = "Too many requests wait for the database."
READ_ONLY = "The database can be read, but not be written."
FULL = "The disk of the database is full: it can be read, but not be written."
DAMAGED = "The database is damaged. Restore a backup."
TOO_EXPENSIVE = "It would take too long to find the answer. Ask for something that narrows it down."

MAX_WAITING = 50
"""How many may wait for each connection; whoever comes then is refused at once.

A statement takes about a millisecond, or some ten if it has to reach a disk, so that who waits is served in a fraction
of a second. With no bound everybody would wait for as long as they may, and the work for those who give up be lost.
"""

QUERY_TIMEOUT = 2.5
"""Seconds for a statement that reads as much as a client asks for: a list, a count, a search.

It is stopped then, so that its connection serves others. What writes or reads a single thing does not need it.
"""

Result = TypeVar("Result")
Row = Sequence[Any]
"""The values of the selected columns, in their order."""


class Statement:
    """A statement of SQLAlchemy Core, whose bound values are named parameters.

    ``variants`` are for kinds of database that have other words for it, by the names of SQLAlchemy's dialects.
    ``timeout`` is in seconds, for statements that only read; the others are never stopped half-way.
    """

    __slots__ = ("_core", "_variants", "compiled", "timeout", "writes")

    def __init__(self, core: ClauseElement, *, timeout: float | None = None, **variants: ClauseElement) -> None:
        self._core = core
        self._variants = variants
        self.timeout = timeout
        self.writes: bool = getattr(core, "is_dml", False)
        self.compiled: dict[str, Any] = {}
        """What each kind of database has made of it, by the same names."""

    def vary(self, dialect: str, core: ClauseElement) -> None:
        """Say it in other words on a kind of database; for the module of that kind, before it is first opened."""
        self._variants[dialect] = core

    def on(self, dialect: str) -> Any:
        """Return what is executed on a kind of database, by the name of SQLAlchemy's dialect."""
        return self._variants.get(dialect, self._core)


class UniqueViolation(Exception):
    """A row with the same key exists."""


class ForeignKeyViolation(Exception):
    """A row that is referred to does not exist."""


class Unwritable(Unavailable):
    """Nothing can be written now; what is there can be read."""


class Damaged(Unavailable):
    """Something that is stored cannot be read any more."""


class Health:
    """What statements have met that others will meet, too."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.notices: list[str] = []

    def met(self, error: Unavailable) -> None:
        """Remember what lasts. Damage does until somebody has mended it and starts the process anew."""
        if isinstance(error, Damaged):
            self.problems = [error.detail]
        elif isinstance(error, Unwritable):
            self.notices = [error.detail]

    def has_written(self) -> None:
        """Forget what is over: something has been written."""
        if self.notices:
            self.notices = []


class Connection(Protocol):
    """Executes statements.

    An UPDATE never returns rows: not every database can do that. INSERT and DELETE may.
    """

    async def fetch_one(self, statement: Statement, /, **values: object) -> Row | None:
        """Return the first row, if there is one.

        :raises UniqueViolation: if a row with the same key exists.
        :raises ForeignKeyViolation: if a row that is referred to does not exist.
        :raises Unavailable: if the database cannot be reached, no connection becomes free in time, or too many wait.
        :raises QueryTooExpensive: if the statement was stopped at its timeout.
        """
        ...

    async def fetch_all(self, statement: Statement, /, **values: object) -> Sequence[Row]:
        """Return every row; errors as above."""
        ...

    async def execute(self, statement: Statement, /, **values: object) -> int:
        """Return how many rows an UPDATE or a DELETE found, be they changed or equal before; errors as above."""
        ...


class Database(Connection, Protocol):
    """Executes each statement by itself, or several in a transaction."""

    async def transaction(self, work: Callable[[Connection], Awaitable[Result]], /) -> Result:
        """Commit what ``work`` does with the connection it is called with; roll that back on an exception.

        It awaits nothing but statements on that connection, see ``domain.store.Store``. Errors are those of
        ``Connection``.
        """
        ...

    def pool_usage(self) -> PoolUsage:
        """Return how far the connections of this process are used now."""
        ...

    def problems(self) -> list[str]:
        """Return what statements have met that keeps the database from being used, in plain words."""
        ...

    def notices(self) -> list[str]:
        """Return what they have met that keeps it from being written."""
        ...


def instant(value: datetime | None) -> datetime | None:
    """Return an instant that a client chose with its offset.

    asyncpg keeps the first and the last instant of the calendar as infinities, and reads those without an offset.
    """
    return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value
