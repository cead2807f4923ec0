"""SQLite files, through the standard library's driver: statements of SQLAlchemy's, threads of our own.

A statement or a whole transaction is one hop into the thread of a connection and back. If each statement of a change
took one, all others would wait for these hops before they could write.
"""

import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from adapters.sqlalchemy.database import (
    Connection,
    Health,
    Result,
    Row,
    Statement,
    Unavailable,
)
from adapters.sqlalchemy.pool_queue import PoolQueue
from adapters.sqlalchemy.sqlite_files import FILES_CHANGED, DatabaseFiles
from adapters.sqlalchemy.sqlite_statements import (
    Read,
    all_rows,
    execute,
    first_row,
    in_transaction,
    raise_translated,
    row_count,
)
from adapters.sqlalchemy.sqlite_thread import SqliteThread, Work
from adapters.sqlalchemy.sqlite_writers import Writers
from domain.concurrency.pool import PoolUsage

POOL_SIZE = 10
"""Connections of one worker at the most; each is a thread."""

ACQUIRE_TIMEOUT = 5
"""Seconds to wait for a free connection, and for the turn to write before that."""

LOCK_TIMEOUT = 10
"""Seconds to wait for a writer of another process. Those queue without order, so that one of many may wait for long.

A request is done within its 30 seconds even if it waits as long as it may, for its turn, a connection and the lock.
One that is given up meanwhile is answered when the wait for the lock has ended, and so up to these 10 seconds later.
"""

PRAGMAS = (
    "PRAGMA journal_mode = WAL",  # readers and the one writer do not wait for each other
    "PRAGMA synchronous = FULL",  # what was acknowledged survives a power cut
    "PRAGMA foreign_keys = ON",
)
"""Of every connection."""

_CACHED_STATEMENTS = 256
"""For each connection: more than there are in this service."""


class SqliteDatabase:
    """An SQLite file. ``pool_size`` connections read at once; one of them at a time writes, in the order of requests.

    ``acquire_timeout`` is in seconds, for a turn to write and for a connection.
    """

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        files: DatabaseFiles,
        *,
        pool_size: int,
        acquire_timeout: float,
    ) -> None:
        self._connect = connect
        self._files = files
        self._queue = PoolQueue(pool_size, acquire_timeout=acquire_timeout)
        self._is_closed = False
        self._health = Health()
        self._writers = Writers(
            self._do, files, self._health, acquire_timeout=acquire_timeout, is_full=self._queue.is_full
        )
        self._threads: list[SqliteThread] = []
        self._idle: list[SqliteThread] = []

    async def fetch_one(self, statement: Statement, /, **values: object) -> Row | None:
        """See ``Connection``."""
        return await self._execute(statement, values, first_row)

    async def fetch_all(self, statement: Statement, /, **values: object) -> Sequence[Row]:
        """See ``Connection``."""
        return await self._execute(statement, values, all_rows)

    async def execute(self, statement: Statement, /, **values: object) -> int:
        """See ``Connection``."""
        return await self._execute(statement, values, row_count)

    async def transaction(self, work: Callable[[Connection], Awaitable[Result]], /) -> Result:
        """See ``Database``."""
        return await self._writers.write(partial(in_transaction, work))

    def pool_usage(self) -> PoolUsage:
        """See ``Database``."""
        waiting = self._writers.waiting + self._queue.waiting
        return PoolUsage(self._queue.limit, len(self._threads), len(self._idle), waiting)

    def problems(self) -> list[str]:
        """See ``Database``."""
        return [*self._health.problems, *([] if self._files.are_unchanged() else [FILES_CHANGED])]

    def notices(self) -> list[str]:
        """See ``Database``."""
        return self._health.notices

    async def close(self) -> None:
        """Close all connections when what they do has ended."""
        await self._writers.ended()
        self._is_closed = True
        self._idle.clear()
        for thread in self._threads:
            await thread.close()

    async def _execute(self, statement: Statement, values: dict[str, object], read: Read[Result]) -> Result:
        work = partial(execute, statement, values, read)
        return await (self._writers.write(work) if statement.writes else self._do(work))

    async def _do(self, work: Work[Result]) -> Result:
        """Do the work in the thread of a connection, as soon as there is one."""
        await self._queue.acquire()
        thread = None
        try:
            thread = self._idle.pop() if self._idle else self._new_thread()
            return await thread.run(work)
        except Unavailable as error:
            self._health.met(error)
            raise
        finally:
            if thread is not None and not self._is_closed:
                self._idle.append(thread)
            self._queue.release()

    def _new_thread(self) -> SqliteThread:
        if self._is_closed:
            raise Unavailable("The database has been closed.")
        try:
            thread = SqliteThread(self._connect, self._files.disconnected)
        except RuntimeError as error:
            raise Unavailable("There can be no more threads.") from error
        self._threads.append(thread)
        return thread


@asynccontextmanager
async def open_sqlite(
    path: Path,
    *,
    pool_size: int = POOL_SIZE,
    acquire_timeout: int = ACQUIRE_TIMEOUT,
    lock_timeout: float = LOCK_TIMEOUT,
) -> AsyncGenerator[SqliteDatabase]:
    """Open the file at ``path``; no connection is made before the first statement. Each timeout is in seconds."""
    files = DatabaseFiles(path)
    connect = partial(_connect, path, files, lock_timeout=lock_timeout)
    database = SqliteDatabase(connect, files, pool_size=pool_size, acquire_timeout=acquire_timeout)
    try:
        yield database
    finally:
        await database.close()


def _connect(path: Path, files: DatabaseFiles, *, lock_timeout: float) -> sqlite3.Connection:
    """Return a connection to be used in this thread, which begins no transaction by itself."""
    files.connecting()
    try:
        connection = sqlite3.connect(
            path, timeout=lock_timeout, isolation_level=None, cached_statements=_CACHED_STATEMENTS
        )
    except sqlite3.Error as error:
        raise_translated(error)
    try:
        for pragma in PRAGMAS:
            connection.execute(pragma)
    except sqlite3.Error as error:
        connection.close()
        raise_translated(error)
    files.connected()
    return connection
