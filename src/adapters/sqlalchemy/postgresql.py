"""Statements on PostgreSQL, through asyncpg's own pool.

SQLAlchemy compiles each statement once; asyncpg prepares it once for each connection. A statement that stands alone
is one round trip: no BEGIN, no COMMIT, no ping before and no reset after it. The pool replaces broken connections.
"""

from collections.abc import AsyncGenerator, Awaitable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Protocol, cast

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect

from adapters.sqlalchemy.database import (
    BUSY,
    DAMAGED,
    FULL,
    MAX_WAITING,
    NOT_MIGRATED,
    OVERRUN,
    READ_ONLY,
    TOO_EXPENSIVE,
    Connection,
    Damaged,
    ForeignKeyViolation,
    Health,
    QueryTooExpensive,
    Row,
    Statement,
    Unavailable,
    UniqueViolation,
    Unwritable,
)
from domain.concurrency.pool import PoolUsage

_DIALECT = asyncpg_dialect.dialect()
POOL_SIZE = 10
"""Connections of one worker at the most; five workers stay well below the 100 a server accepts by default."""

ACQUIRE_TIMEOUT = 5
"""Seconds to wait for a connection: for a free one, or for the server to accept another."""

STATEMENT_TIMEOUT = 30
"""Seconds after which a statement is given up."""

_PERSISTENT_ERRORS: dict[str, tuple[type[Unavailable], str]] = {
    "25006": (Unwritable, READ_ONLY),
    "53100": (Unwritable, FULL),
    "XX001": (Damaged, DAMAGED),
    "XX002": (Damaged, DAMAGED),
}
"""SQLSTATE codes of what will not pass by itself."""

_CONNECTION_ERRORS = ("08", "28", "3D", "53", "57P")
"""Beginnings of SQLSTATE codes: connections, authorisation, a missing database, no room, an operator at work."""

_TRANSIENT_ERRORS = ("40", "57014", "58")
"""Of what is no fault of a statement either: lost races for locks, time, the system."""

_UNREACHABLE = "The database cannot be reached."


class CompiledStatement:
    """SQL with numbered parameters, and the names of the values that go there."""

    __slots__ = ("names", "presets", "sql")

    def __init__(self, statement: Statement) -> None:
        compiled: Any = statement.on(_DIALECT.name).compile(dialect=_DIALECT)
        self.sql: str = compiled.string
        self.names: list[str] = compiled.positiontup or []
        self.presets: dict[str, object] = {name: value for name, value in compiled.params.items() if value is not None}

    def arguments(self, values: dict[str, object]) -> list[object]:
        """Return the values in the order of their parameters."""
        presets = self.presets
        return [values[name] if name in values else presets[name] for name in self.names]


class _Driver(Protocol):
    """What statements need of a connection of asyncpg's, whether or not it is one of a pool."""

    def fetchrow(self, query: str, /, *args: object, timeout: float | None) -> Awaitable[Row | None]: ...

    def fetch(self, query: str, /, *args: object, timeout: float | None) -> Awaitable[Sequence[Row]]: ...

    def execute(self, query: str, /, *args: object, timeout: float | None) -> Awaitable[str]: ...


class PostgresConnection:
    """Executes statements on one connection."""

    def __init__(self, driver: _Driver) -> None:
        self._driver = driver

    async def fetch_one(self, statement: Statement, /, **values: object) -> Row | None:
        """See ``Connection``."""
        compiled = statement.compiled or _compile(statement)
        with _translated_errors():
            try:
                return await self._driver.fetchrow(compiled.sql, *compiled.arguments(values), timeout=statement.timeout)
            except TimeoutError as error:
                raise await self._blamed(statement) from error

    async def fetch_all(self, statement: Statement, /, **values: object) -> Sequence[Row]:
        """See ``Connection``."""
        compiled = statement.compiled or _compile(statement)
        with _translated_errors():
            try:
                return await self._driver.fetch(compiled.sql, *compiled.arguments(values), timeout=statement.timeout)
            except TimeoutError as error:
                raise await self._blamed(statement) from error

    async def execute(self, statement: Statement, /, **values: object) -> int:
        """See ``Connection``."""
        compiled = statement.compiled or _compile(statement)
        with _translated_errors():
            status = await self._driver.execute(compiled.sql, *compiled.arguments(values), timeout=statement.timeout)
        return int(status.rpartition(" ")[2])  # such as "UPDATE 1"

    async def _blamed(self, statement: Statement) -> Unavailable | QueryTooExpensive:
        """Return the error that says who is to blame for a timeout: the statement if the server still answers.

        :raises TimeoutError: or another error of the driver's, if it does not.
        """
        if statement.timeout is None:
            return Unavailable(_UNREACHABLE)
        with suppress(asyncpg.InFailedSQLTransactionError):  # is an answer, too
            await self._driver.execute("SELECT 1", timeout=statement.timeout)
        return QueryTooExpensive(TOO_EXPENSIVE)


class PostgresDatabase:
    """A pool of connections to one PostgreSQL database."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", *, acquire_timeout: float = ACQUIRE_TIMEOUT) -> None:
        self._pool = pool
        self._acquire_timeout = acquire_timeout
        self._waiting = 0
        self._health = Health()
        self._max_waiting = MAX_WAITING * pool.get_max_size()

    async def fetch_one(self, statement: Statement, /, **values: object) -> Row | None:
        """See ``Connection``."""
        async with self._connection() as connection:
            row = await PostgresConnection(cast("_Driver", connection)).fetch_one(statement, **values)
        if statement.writes:
            self._health.has_written()
        return row

    async def fetch_all(self, statement: Statement, /, **values: object) -> Sequence[Row]:
        """See ``Connection``."""
        async with self._connection() as connection:
            return await PostgresConnection(cast("_Driver", connection)).fetch_all(statement, **values)

    async def execute(self, statement: Statement, /, **values: object) -> int:
        """See ``Connection``."""
        async with self._connection() as connection:
            found = await PostgresConnection(cast("_Driver", connection)).execute(statement, **values)
        self._health.has_written()
        return found

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Connection]:
        """See ``Database``."""
        async with self._connection() as connection, connection.transaction():
            yield PostgresConnection(cast("_Driver", connection))
        self._health.has_written()

    def pool_usage(self) -> PoolUsage:
        """See ``Database``."""
        pool = self._pool
        return PoolUsage(pool.get_max_size(), pool.get_size(), pool.get_idle_size(), self._waiting)

    def problems(self) -> list[str]:
        """See ``Database``."""
        return self._health.problems

    def notices(self) -> list[str]:
        """See ``Database``."""
        return self._health.notices

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator["PoolConnectionProxy[asyncpg.Record]"]:
        """Take a connection of the pool for as long as the block lasts; errors in it are translated."""
        try:
            with _translated_errors():
                connection = await self._free_connection()
                try:
                    yield connection
                finally:
                    await self._pool.release(connection)
        except Unavailable as error:
            self._health.met(error)
            raise

    async def _free_connection(self) -> "PoolConnectionProxy[asyncpg.Record]":
        if self._waiting >= self._max_waiting:
            raise Unavailable(OVERRUN)
        self._waiting += 1
        try:
            return await self._pool.acquire(timeout=self._acquire_timeout)
        except TimeoutError as error:
            limit, size, idle, _ = self.pool_usage()
            raise Unavailable(BUSY if size - idle == limit else _UNREACHABLE) from error
        finally:
            self._waiting -= 1


@asynccontextmanager
async def open_postgresql(
    dsn: str, *, pool_size: int = POOL_SIZE, acquire_timeout: float = ACQUIRE_TIMEOUT
) -> AsyncGenerator[PostgresDatabase]:
    """Open a pool for ``dsn``, a libpq connection URI; no connection is made before the first statement.

    ``acquire_timeout`` is how many seconds to wait for a connection.
    """
    async with asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=pool_size,
        timeout=acquire_timeout,
        command_timeout=STATEMENT_TIMEOUT,
        init=_let_server_give_up,
        server_settings={"application_name": "todo-api"},
        reset=_leave_as_it_is,
    ) as pool:
        yield PostgresDatabase(pool, acquire_timeout=acquire_timeout)


async def _let_server_give_up(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Let the server end by itself what it was not told to: a request to cancel can come before its statement."""
    await connection.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT}s'")


async def _leave_as_it_is(_: object) -> None:
    """Save the round trip of a reset: no statement of ours changes the state of its connection.

    A transaction that was cancelled while it began or ended has been rolled back before, by asyncpg.
    """


def _compile(statement: Statement) -> CompiledStatement:
    statement.compiled = CompiledStatement(statement)
    return statement.compiled


@contextmanager
def _translated_errors() -> Generator[None]:
    """Turn the driver's errors into the ones that ``Connection`` promises."""
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        raise UniqueViolation(error.constraint_name) from error
    except asyncpg.ForeignKeyViolationError as error:
        raise ForeignKeyViolation(error.constraint_name) from error
    except asyncpg.DataError:
        raise  # an InterfaceError too, but one of ours: a value that does not fit its column
    except asyncpg.UndefinedTableError as error:
        raise Unavailable(NOT_MIGRATED) from error
    except asyncpg.PostgresError as error:
        code = error.sqlstate or ""
        if code in _PERSISTENT_ERRORS:
            kind, detail = _PERSISTENT_ERRORS[code]
            raise kind(detail) from error
        if code.startswith(_CONNECTION_ERRORS):
            raise Unavailable(_UNREACHABLE) from error
        if code.startswith(_TRANSIENT_ERRORS):
            raise Unavailable("The database cannot be used now.") from error
        raise
    except (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        raise Unavailable(_UNREACHABLE) from error
