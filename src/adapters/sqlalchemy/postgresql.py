"""Statements on PostgreSQL, through asyncpg's own pool.

SQLAlchemy compiles each statement once; asyncpg prepares it once for each connection. A statement that stands alone
is one round trip: no BEGIN, no COMMIT, no ping before and no reset after it. The pool replaces broken connections.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import NoReturn, Protocol, cast

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect

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
    Health,
    QueryTooExpensive,
    Result,
    Row,
    Statement,
    Unavailable,
    UniqueViolation,
    Unwritable,
)
from adapters.sqlalchemy.pool_queue import PoolQueue
from domain.concurrency.pool import PoolUsage

_DIALECT = asyncpg_dialect.dialect()
POOL_SIZE = 10
"""Connections of one worker at the most; five workers stay well below the 100 a server accepts by default."""

ACQUIRE_TIMEOUT = 5
"""Seconds to wait for a connection: for a free one, or for the server to accept another."""

STATEMENT_TIMEOUT = 30
"""Seconds after which a statement is given up."""

_RETURN_INTERVAL = 60
"""Seconds after which every connection at hand goes back to the pool, which closes what is idle for five minutes."""

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

_DRIVER_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)


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
        compiled: CompiledStatement = statement.compiled.get("postgresql") or _compile(statement)
        try:
            return await self._driver.fetchrow(compiled.sql, *compiled.arguments(values), timeout=statement.timeout)
        except _DRIVER_ERRORS as error:
            await self._explain(error, statement)

    async def fetch_all(self, statement: Statement, /, **values: object) -> Sequence[Row]:
        """See ``Connection``."""
        compiled: CompiledStatement = statement.compiled.get("postgresql") or _compile(statement)
        try:
            return await self._driver.fetch(compiled.sql, *compiled.arguments(values), timeout=statement.timeout)
        except _DRIVER_ERRORS as error:
            await self._explain(error, statement)

    async def execute(self, statement: Statement, /, **values: object) -> int:
        """See ``Connection``."""
        compiled: CompiledStatement = statement.compiled.get("postgresql") or _compile(statement)
        try:
            status = await self._driver.execute(compiled.sql, *compiled.arguments(values), timeout=statement.timeout)
        except _DRIVER_ERRORS as error:
            _raise_translated(error)
        return int(status.rpartition(" ")[2])  # such as "UPDATE 1"

    async def _explain(self, error: Exception, statement: Statement) -> NoReturn:
        """Raise what ``Connection`` promises instead of an error of the driver's.

        A timeout says that the statement is to blame if the server still answers.
        """
        if not isinstance(error, TimeoutError):
            _raise_translated(error)
        if statement.timeout is None:
            raise Unavailable(_UNREACHABLE) from error
        try:
            with suppress(asyncpg.InFailedSQLTransactionError):  # is an answer, too
                await self._driver.execute("SELECT 1", timeout=statement.timeout)
        except _DRIVER_ERRORS as another:
            _raise_translated(another)
        raise QueryTooExpensive(TOO_EXPENSIVE) from error


class PostgresDatabase:
    """A pool of connections to one PostgreSQL database.

    A connection that has served well stays at hand for the next statement: to give it back to asyncpg's pool and take
    it again costs a task and a timer, as much as a short statement. Once in a while all of them go back, so that the
    pool can close those that are idle, and replace those that are old.
    """

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", *, acquire_timeout: float = ACQUIRE_TIMEOUT) -> None:
        self._pool = pool
        self._acquire_timeout = acquire_timeout
        self._queue = PoolQueue(pool.get_max_size(), acquire_timeout=acquire_timeout)
        self._at_hand: list[PoolConnectionProxy[asyncpg.Record]] = []
        self._health = Health()

    async def fetch_one(self, statement: Statement, /, **values: object) -> Row | None:
        """See ``Connection``."""
        row = await self._run(PostgresConnection.fetch_one, statement, values)
        if statement.writes:
            self._health.has_written()
        return row

    async def fetch_all(self, statement: Statement, /, **values: object) -> Sequence[Row]:
        """See ``Connection``."""
        return await self._run(PostgresConnection.fetch_all, statement, values)

    async def execute(self, statement: Statement, /, **values: object) -> int:
        """See ``Connection``."""
        found = await self._run(PostgresConnection.execute, statement, values)
        self._health.has_written()
        return found

    async def transaction(self, work: Callable[[Connection], Awaitable[Result]], /) -> Result:
        """See ``Database``."""
        connection = await self._acquire()
        try:
            try:
                async with connection.transaction():
                    result = await work(PostgresConnection(cast("_Driver", connection)))
            except _DRIVER_ERRORS as error:
                _raise_translated(error)
        except BaseException as error:
            await self._discard(connection, error)
            raise
        self._keep(connection)
        self._health.has_written()
        return result

    def pool_usage(self) -> PoolUsage:
        """See ``Database``."""
        pool, queue = self._pool, self._queue
        return PoolUsage(queue.limit, pool.get_size(), pool.get_idle_size() + len(self._at_hand), queue.waiting)

    def problems(self) -> list[str]:
        """See ``Database``."""
        return self._health.problems

    def notices(self) -> list[str]:
        """See ``Database``."""
        return self._health.notices

    @asynccontextmanager
    async def open(self) -> AsyncGenerator["PostgresDatabase"]:
        """Give connections back to the pool until the block is left, and all of them then."""
        returning = asyncio.create_task(self._return_regularly())
        try:
            yield self
        finally:
            returning.cancel()
            await self._return_all()

    async def _run(
        self, execute: Callable[..., Awaitable[Result]], statement: Statement, values: dict[str, object]
    ) -> Result:
        """Execute a statement on a connection of the pool.

        A context manager that is written as a generator would read better here, and take a tenth of a request.
        """
        connection = await self._acquire()
        try:
            result = await execute(PostgresConnection(cast("_Driver", connection)), statement, **values)
        except BaseException as error:
            await self._discard(connection, error)
            raise
        self._keep(connection)
        return result

    async def _acquire(self) -> "PoolConnectionProxy[asyncpg.Record]":
        """Take a connection; it is to be released."""
        await self._queue.acquire()
        try:
            while self._at_hand:
                connection = self._at_hand.pop()
                if not connection.is_closed():
                    return connection
                await self._pool.release(connection)
            return await self._pool.acquire()  # there is one, at the latest when the server has accepted it
        except BaseException as error:
            self._queue.release()
            if isinstance(error, _DRIVER_ERRORS):
                _raise_translated(error)
            raise

    def _keep(self, connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
        """Release a connection that has served well."""
        self._at_hand.append(connection)
        self._queue.release()

    async def _discard(self, connection: "PoolConnectionProxy[asyncpg.Record]", error: BaseException) -> None:
        """Release a connection to the pool, which mends or replaces it, whatever has happened."""
        if isinstance(error, Unavailable):
            self._health.met(error)
        try:
            # What was cancelled has to end first, but a network may swallow that.
            await self._pool.release(connection, timeout=self._acquire_timeout)
        except _DRIVER_ERRORS as another:
            _raise_translated(another)
        finally:
            self._queue.release()

    async def _return_regularly(self) -> None:
        while True:
            await asyncio.sleep(_RETURN_INTERVAL)
            await self._return_all()

    async def _return_all(self) -> None:
        """Return those that are at hand now: under load, others come back as fast as these go."""
        for _ in range(len(self._at_hand)):
            if self._at_hand:
                with suppress(*_DRIVER_ERRORS):  # it is closed then, which is all that matters
                    await self._pool.release(self._at_hand.pop(0))


@asynccontextmanager
async def open_postgresql(
    dsn: str, *, pool_size: int = POOL_SIZE, acquire_timeout: float = ACQUIRE_TIMEOUT
) -> AsyncGenerator[PostgresDatabase]:
    """Open a pool for ``dsn``, a libpq connection URI; no connection is made before the first statement.

    ``acquire_timeout`` is how many seconds to wait for a connection.
    """
    async with (
        asyncpg.create_pool(
            dsn,
            min_size=0,
            max_size=pool_size,
            timeout=acquire_timeout,
            command_timeout=STATEMENT_TIMEOUT,
            init=_let_server_give_up,
            server_settings={"application_name": "todo-api"},
            reset=_leave_as_it_is,
        ) as pool,
        PostgresDatabase(pool, acquire_timeout=acquire_timeout).open() as database,
    ):
        yield database


async def _let_server_give_up(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Let the server end by itself what it was not told to: a request to cancel can come before its statement."""
    await connection.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT}s'")


async def _leave_as_it_is(_: object) -> None:
    """Save the round trip of a reset: no statement of ours changes the state of its connection.

    A transaction that was cancelled while it began or ended has been rolled back before, by asyncpg.
    """


def _compile(statement: Statement) -> CompiledStatement:
    compiled = statement.compiled["postgresql"] = CompiledStatement(
        statement.on(_DIALECT.name).compile(dialect=_DIALECT)
    )
    return compiled


def _raise_translated(error: Exception) -> NoReturn:
    """Raise what ``Connection`` promises instead of an error of the driver's; or that error, if nothing is."""
    known = _known(error)
    if known is None:
        raise error
    raise known from error


def _known(error: Exception) -> Exception | None:
    if isinstance(error, asyncpg.UniqueViolationError):
        return UniqueViolation(error.constraint_name)
    if isinstance(error, asyncpg.ForeignKeyViolationError):
        return ForeignKeyViolation(error.constraint_name)
    if isinstance(error, asyncpg.DataError):
        return None  # an InterfaceError too, but one of ours: a value that does not fit its column
    return _unavailable(error)


def _unavailable(error: Exception) -> Unavailable | None:
    """Return why the database cannot be used, if it is that; a statement that is wrong is no such reason."""
    if not isinstance(error, asyncpg.PostgresError):
        return Unavailable(_UNREACHABLE)
    code = error.sqlstate or ""
    if code in _PERSISTENT_ERRORS:
        kind, detail = _PERSISTENT_ERRORS[code]
        return kind(detail)
    if isinstance(error, asyncpg.UndefinedTableError):
        return Unavailable(NOT_MIGRATED)
    if code.startswith(_CONNECTION_ERRORS):
        return Unavailable(_UNREACHABLE)
    return Unavailable("The database cannot be used now.") if code.startswith(_TRANSIENT_ERRORS) else None
