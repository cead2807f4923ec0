"""Statements on SQLite, through SQLAlchemy's engine and aiosqlite."""

from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

from advanced_alchemy.config import EngineConfig, SQLAlchemyAsyncConfig
from sqlalchemy import URL, event
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import QueuePool

from adapters.sqlalchemy.database import (
    NOT_MIGRATED,
    Connection,
    MissingReference,
    PoolUsage,
    Row,
    Statement,
    Unavailable,
    UniqueViolation,
)

POOL_SIZE = 10
"""Connections of one worker at the most; each is a thread."""

PATIENCE = 5
"""Seconds to wait for a free connection."""

LOCK_PATIENCE = 15
"""Seconds to wait for another writer. They queue without order, so that one of many may have to wait for long."""

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",  # readers and the one writer do not wait for each other
    "PRAGMA synchronous = FULL",  # what was acknowledged survives a power cut
    "PRAGMA foreign_keys = ON",
)


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
            executable: Any = statement.sqlite
            return (await self._connection.execute(executable, values)).all()


class SqliteDatabase:
    """A SQLite file; each statement commits by itself."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._wanted = 0

    async def fetch_one(self, statement: Statement, /, **values: object) -> Row | None:
        """See ``Connection``."""
        async with self._connection() as connection:
            return await SqliteConnection(connection).fetch_one(statement, **values)

    async def fetch_all(self, statement: Statement, /, **values: object) -> Sequence[Row]:
        """See ``Connection``."""
        async with self._connection() as connection:
            return await SqliteConnection(connection).fetch_all(statement, **values)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Connection]:
        """See ``Database``. The right to write is taken first: it cannot be lost to another writer half-way."""
        async with self._connection() as connection:
            await connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield SqliteConnection(connection)
            except BaseException:
                await connection.exec_driver_sql("ROLLBACK")
                raise
            await connection.exec_driver_sql("COMMIT")

    def pool_usage(self) -> PoolUsage:
        """See ``Database``."""
        pool = cast("QueuePool", self._engine.pool)
        limit, idle = pool.size(), pool.checkedin()
        return PoolUsage(limit, pool.checkedout() + idle, idle, max(0, self._wanted - limit))

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[AsyncConnection]:
        """Take a connection of the pool for as long as the block lasts; errors in it are translated."""
        self._wanted += 1
        try:
            with _translated_errors():
                async with self._engine.connect() as connection:
                    yield connection
        finally:
            self._wanted -= 1


def sqlite_config(
    path: Path, *, pool_size: int = POOL_SIZE, patience: int = PATIENCE, lock_patience: float = LOCK_PATIENCE
) -> SQLAlchemyAsyncConfig:
    """Return how the file at ``path`` is opened; each patience is in seconds."""
    config = SQLAlchemyAsyncConfig(
        connection_string=URL.create("sqlite+aiosqlite", database=str(path)).render_as_string(),
        engine_config=EngineConfig(
            # The driver's own transactions begin too late and in the wrong mode; ours say when they begin.
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=patience,
        ),
    )
    pragmas = (*_PRAGMAS, f"PRAGMA busy_timeout = {round(lock_patience * 1_000)}")
    event.listen(config.get_engine().sync_engine, "connect", partial(_execute, pragmas))
    return config


@asynccontextmanager
async def open_sqlite(
    path: Path, *, pool_size: int = POOL_SIZE, patience: int = PATIENCE, lock_patience: float = LOCK_PATIENCE
) -> AsyncGenerator[SqliteDatabase]:
    """Open the file at ``path``; see ``sqlite_config``."""
    engine = sqlite_config(path, pool_size=pool_size, patience=patience, lock_patience=lock_patience).get_engine()
    try:
        yield SqliteDatabase(engine)
    finally:
        await engine.dispose()


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
            raise MissingReference(str(error.orig)) from error
        raise
    except (DatabaseError, PoolTimeoutError) as error:
        if isinstance(error, (DataError, ProgrammingError)):  # a statement or a value of ours is wrong
            raise
        if "no such table" in str(error):
            raise Unavailable(NOT_MIGRATED) from error
        raise Unavailable("The database cannot be used now.") from error
