"""Statements on SQLite, through SQLAlchemy's engine and aiosqlite."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

from advanced_alchemy.config import EngineConfig, SQLAlchemyAsyncConfig
from sqlalchemy import URL, event
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import QueuePool

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
    PoolUsage,
    QueryTooExpensive,
    Row,
    Statement,
    Unavailable,
    UniqueViolation,
    Unwritable,
)
from adapters.sqlalchemy.sqlite_files import FILES_CHANGED, DatabaseFiles

POOL_SIZE = 10
"""Connections of one worker at the most; each is a thread."""

ACQUIRE_TIMEOUT = 5
"""Seconds to wait for a free connection."""

LOCK_TIMEOUT = 10
"""Seconds to wait for another writer. They queue without order, so that one of many may have to wait for long.

A request is done within its 30 seconds even if it waits as long as it may, for a connection and then for the lock.
One that is given up meanwhile is answered when the wait for the lock has ended, and so up to these 10 seconds later.
"""

_PERSISTENT_ERRORS: dict[int, tuple[type[Unavailable], str]] = {
    sqlite3.SQLITE_READONLY: (Unwritable, READ_ONLY),
    sqlite3.SQLITE_FULL: (Unwritable, FULL),
    sqlite3.SQLITE_CORRUPT: (Damaged, DAMAGED),
    sqlite3.SQLITE_NOTADB: (Damaged, DAMAGED),
}
"""Error codes of what will not pass by itself."""

_STOPPED_AGAIN_AFTER = 0.05
"""Seconds. A statement that has not begun yet when it is stopped does not notice."""

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",  # readers and the one writer do not wait for each other
    "PRAGMA synchronous = FULL",  # what was acknowledged survives a power cut
    "PRAGMA foreign_keys = ON",
)

_Result = TypeVar("_Result")


class SqliteConnection:
    """Executes statements on one connection, inside the transaction that is open on it."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def fetch_one(self, statement: Statement, /, **values: object) -> Row | None:
        """See ``Connection``."""
        rows = await self.fetch_all(statement, **values)
        return rows[0] if rows else None

    async def fetch_all(self, statement: Statement, /, **values: object) -> Sequence[Row]:
        """See ``Connection``."""
        with _translated_errors():
            execution = _Execution(statement, values)
            return await execution.ended(execution.on(self._connection))


class SqliteDatabase:
    """A SQLite file; each statement commits by itself. ``acquire_timeout`` is in seconds, for a connection."""

    def __init__(self, engine: AsyncEngine, files: DatabaseFiles, *, acquire_timeout: float = ACQUIRE_TIMEOUT) -> None:
        self._engine = engine
        self._files = files
        self._acquire_timeout = acquire_timeout
        self._limit = cast("QueuePool", engine.pool).size()
        self._turns = asyncio.Semaphore(self._limit)
        self._waiting = 0
        self._health = Health()

    async def fetch_one(self, statement: Statement, /, **values: object) -> Row | None:
        """See ``Connection``."""
        rows = await self.fetch_all(statement, **values)
        return rows[0] if rows else None

    async def fetch_all(self, statement: Statement, /, **values: object) -> Sequence[Row]:
        """See ``Connection``."""
        async with self._turn():
            execution = _Execution(statement, values)
            return await execution.ended(self._committed(execution))

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Connection]:
        """See ``Database``. The right to write is taken first: it cannot be lost to another writer half-way."""
        async with self._turn(), self._engine.connect() as connection:
            self._files.require_unchanged()
            await _to_its_end(connection.exec_driver_sql("BEGIN IMMEDIATE"))
            try:
                yield SqliteConnection(connection)
            except BaseException:
                await _to_its_end(connection.exec_driver_sql("ROLLBACK"))
                raise
            await _to_its_end(connection.exec_driver_sql("COMMIT"))
            self._acknowledge()

    def pool_usage(self) -> PoolUsage:
        """See ``Database``."""
        pool = cast("QueuePool", self._engine.pool)
        idle = pool.checkedin()
        return PoolUsage(self._limit, pool.checkedout() + idle, idle, self._waiting)

    def problems(self) -> list[str]:
        """See ``Database``."""
        return [*self._health.problems, *([] if self._files.are_unchanged() else [FILES_CHANGED])]

    def notices(self) -> list[str]:
        """See ``Database``."""
        return self._health.notices

    async def _committed(self, execution: "_Execution") -> Sequence[Row]:
        connection = await self._engine.connect()
        try:
            if not execution.statement.writes:
                return await execution.on(connection)
            self._files.require_unchanged()
            rows = await execution.on(connection)
            self._acknowledge()
            return rows
        finally:
            await connection.close()

    def _acknowledge(self) -> None:
        """Note that something was written, and is where it will be found again.

        :raises Unavailable: if it is not.
        """
        self._files.require_unchanged()
        self._health.has_written()

    @asynccontextmanager
    async def _turn(self) -> AsyncGenerator[None]:
        """Be one of those for whom there is a connection, as long as the block lasts; errors in it are translated.

        The pool's own queue is never waited in: it has no bound, and does not say how long it is.
        """
        if self._turns.locked():
            await self._wait_for_turn()
        else:
            await self._turns.acquire()
        try:
            with _translated_errors():
                yield
        except Unavailable as error:
            self._health.met(error)
            raise
        finally:
            self._turns.release()

    async def _wait_for_turn(self) -> None:
        if self._waiting >= MAX_WAITING * self._limit:
            raise Unavailable(OVERRUN)
        self._waiting += 1
        try:
            async with asyncio.timeout(self._acquire_timeout):
                await self._turns.acquire()
        except TimeoutError as error:
            raise Unavailable(BUSY) from error
        finally:
            self._waiting -= 1


def sqlite_config(
    path: Path,
    *,
    pool_size: int = POOL_SIZE,
    acquire_timeout: int = ACQUIRE_TIMEOUT,
    lock_timeout: float = LOCK_TIMEOUT,
) -> SQLAlchemyAsyncConfig:
    """Return how the file at ``path`` is opened; each timeout is in seconds."""
    config = SQLAlchemyAsyncConfig(
        connection_string=URL.create("sqlite+aiosqlite", database=str(path)).render_as_string(),
        engine_config=EngineConfig(
            # The driver's own transactions begin too late and in the wrong mode; ours say when they begin.
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=acquire_timeout,
        ),
    )
    pragmas = (*_PRAGMAS, f"PRAGMA busy_timeout = {round(lock_timeout * 1_000)}")
    event.listen(config.get_engine().sync_engine, "connect", partial(_execute, pragmas))
    return config


@asynccontextmanager
async def open_sqlite(
    path: Path,
    *,
    pool_size: int = POOL_SIZE,
    acquire_timeout: int = ACQUIRE_TIMEOUT,
    lock_timeout: float = LOCK_TIMEOUT,
) -> AsyncGenerator[SqliteDatabase]:
    """Open the file at ``path``; see ``sqlite_config``."""
    engine = sqlite_config(
        path, pool_size=pool_size, acquire_timeout=acquire_timeout, lock_timeout=lock_timeout
    ).get_engine()
    files = DatabaseFiles(path)
    event.listen(engine.sync_engine, "do_connect", lambda *_: files.connecting())
    event.listen(engine.sync_engine, "connect", lambda *_: files.connected())
    event.listen(engine.sync_engine, "close", lambda *_: files.disconnected())
    try:
        yield SqliteDatabase(engine, files, acquire_timeout=acquire_timeout)
    finally:
        await engine.dispose()


class _Execution:
    """A statement on its way. If it has a timeout it is stopped then, or as soon as nobody waits for it."""

    __slots__ = ("_driver", "_values", "statement")

    def __init__(self, statement: Statement, values: dict[str, object]) -> None:
        self.statement = statement
        self._values = values
        self._driver: Any = None

    async def on(self, connection: AsyncConnection) -> Sequence[Row]:
        """Execute the statement, and return all rows."""
        executable: Any = self.statement.sqlite
        if self.statement.timeout is not None:
            self._driver = cast("Any", connection.sync_connection).connection.driver_connection
        try:
            return (await connection.execute(executable, self._values)).all()
        finally:
            self._driver = None

    async def ended(self, work: Coroutine[Any, Any, Sequence[Row]]) -> Sequence[Row]:
        """Wait for the work of which this is a part.

        :raises QueryTooExpensive: if the time is up.
        """
        if self.statement.timeout is None:
            return await _to_its_end(work)
        try:
            async with asyncio.timeout(self.statement.timeout):
                return await _to_its_end(work, stop=self._stop)
        except TimeoutError as error:
            raise QueryTooExpensive(TOO_EXPENSIVE) from error

    async def _stop(self) -> None:
        if self._driver is not None:
            await self._driver.interrupt()


async def _to_its_end(
    work: Coroutine[Any, Any, _Result], *, stop: Callable[[], Awaitable[None]] | None = None
) -> _Result:
    """Wait for the work even when that is cancelled, and only then go on with the cancellation.

    A thread cannot be cancelled. A statement that nobody waits for is executed all the same, when the lock is free,
    but its rows are not fetched: it never ends, and nobody else can write as long as its connection is there.
    ``stop`` lets the work end early.
    """
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError as cancellation:
        while not task.done():
            if stop is not None:
                await stop()
            try:
                await asyncio.wait((task,), timeout=None if stop is None else _STOPPED_AGAIN_AFTER)
            except asyncio.CancelledError:
                continue
        if not task.cancelled() and (error := task.exception()) is not None:
            raise cancellation from error
        raise


def _execute(statements: Sequence[str], connection: Any, _: object) -> None:
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.close()


@contextmanager
def _translated_errors() -> Generator[None]:
    """Turn the driver's errors into the ones that ``Connection`` promises."""
    try:
        yield
    except IntegrityError as error:
        if "UNIQUE constraint failed" in str(error.orig):
            raise UniqueViolation(str(error.orig)) from error
        if "FOREIGN KEY constraint failed" in str(error.orig):
            raise ForeignKeyViolation(str(error.orig)) from error
        raise
    except (DatabaseError, PoolTimeoutError) as error:
        if isinstance(error, (DataError, ProgrammingError)):  # a statement or a value of ours is wrong
            raise
        code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF if isinstance(error, DatabaseError) else 0
        if code in _PERSISTENT_ERRORS:
            kind, detail = _PERSISTENT_ERRORS[code]
            raise kind(detail) from error
        if "no such table" in str(error):
            raise Unavailable(NOT_MIGRATED) from error
        raise Unavailable("The database cannot be used now.") from error
