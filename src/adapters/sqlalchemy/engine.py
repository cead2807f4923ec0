"""Statements through an engine of SQLAlchemy's, on any database that has no faster way of its own."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, cast

from sqlalchemy import CursorResult
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import QueuePool

from adapters.sqlalchemy.database import Connection, Health, Row, Statement, Unavailable
from adapters.sqlalchemy.execution import Dialect, Execution, Read, Result, to_its_end
from adapters.sqlalchemy.pool_queue import PoolQueue
from domain.concurrency.pool import PoolUsage


class _Executor(ABC):
    """Executes statements; how one comes to its end is the business of whoever has the connection."""

    async def fetch_one(self, statement: Statement, /, **values: object) -> Row | None:
        """See ``Connection``."""
        return await self._ended(statement, values, read=_first_row)

    async def fetch_all(self, statement: Statement, /, **values: object) -> Sequence[Row]:
        """See ``Connection``."""
        return await self._ended(statement, values, read=_all_rows)

    async def execute(self, statement: Statement, /, **values: object) -> int:
        """See ``Connection``."""
        return await self._ended(statement, values, read=_row_count)

    @abstractmethod
    async def _ended(self, statement: Statement, values: dict[str, object], *, read: Read[Result]) -> Result:
        """Execute the statement, and return what is read of it."""


class EngineConnection(_Executor):
    """Executes statements on one connection, inside the transaction that is open on it."""

    def __init__(self, connection: AsyncConnection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect

    async def _ended(self, statement: Statement, values: dict[str, object], *, read: Read[Result]) -> Result:
        with _translated_errors(self._dialect):
            execution = Execution(statement, values, read=read, dialect=self._dialect)
            return await execution.ended(execution.on(self._connection))


class EngineDatabase(_Executor):
    """A database behind an engine with AUTOCOMMIT: each statement commits by itself.

    ``acquire_timeout`` is in seconds, for a connection.
    """

    def __init__(self, engine: AsyncEngine, dialect: Dialect, *, acquire_timeout: float) -> None:
        self._engine = engine
        self._dialect = dialect
        self._queue = PoolQueue(cast("QueuePool", engine.pool).size(), acquire_timeout=acquire_timeout)
        self._health = Health()

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Connection]:
        """See ``Database``. The right to write is taken first: it cannot be lost to another writer half-way."""
        async with self._turn(), self._engine.connect() as connection:
            self._require_writable()
            await to_its_end(connection.exec_driver_sql(self._dialect.begin))
            try:
                yield EngineConnection(connection, self._dialect)
            except BaseException:
                await to_its_end(connection.exec_driver_sql("ROLLBACK"))
                raise
            await to_its_end(connection.exec_driver_sql("COMMIT"))
            self._acknowledge()

    def pool_usage(self) -> PoolUsage:
        """See ``Database``."""
        pool = cast("QueuePool", self._engine.pool)
        idle = pool.checkedin()
        return PoolUsage(self._queue.limit, pool.checkedout() + idle, idle, self._queue.waiting)

    def problems(self) -> list[str]:
        """See ``Database``."""
        return self._health.problems

    def notices(self) -> list[str]:
        """See ``Database``."""
        return self._health.notices

    def _require_writable(self) -> None:
        """Look, before and after each write, whether what is written will be found again.

        :raises Unavailable: if not.
        """

    async def _ended(self, statement: Statement, values: dict[str, object], *, read: Read[Result]) -> Result:
        async with self._turn():
            execution = Execution(statement, values, read=read, dialect=self._dialect)
            return await execution.ended(self._committed(execution))

    async def _committed(self, execution: Execution[Result]) -> Result:
        connection = await self._engine.connect()
        try:
            if not execution.statement.writes:
                return await execution.on(connection)
            self._require_writable()
            result = await execution.on(connection)
            self._acknowledge()
            return result
        finally:
            await connection.close()

    def _acknowledge(self) -> None:
        self._require_writable()
        self._health.has_written()

    @asynccontextmanager
    async def _turn(self) -> AsyncGenerator[None]:
        """Be one of those for whom there is a connection, as long as the block lasts; errors in it are translated."""
        await self._queue.acquire()
        try:
            with _translated_errors(self._dialect):
                yield
        except Unavailable as error:
            self._health.met(error)
            raise
        finally:
            self._queue.release()


def _first_row(result: CursorResult[Any]) -> Row | None:
    return result.first()


def _all_rows(result: CursorResult[Any]) -> Sequence[Row]:
    return result.all()


def _row_count(result: CursorResult[Any]) -> int:
    return result.rowcount


@contextmanager
def _translated_errors(dialect: Dialect) -> Generator[None]:
    """Turn the driver's errors into the ones that ``Connection`` promises."""
    try:
        yield
    except (DatabaseError, PoolTimeoutError) as error:
        known = dialect.translate(error) if isinstance(error, DatabaseError) else None
        if known is not None:
            raise known from error
        if isinstance(error, (DataError, IntegrityError, ProgrammingError)):  # a statement or a value of ours is wrong
            raise
        raise Unavailable("The database cannot be used now.") from error
