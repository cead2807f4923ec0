"""Statements on SQLite, through SQLAlchemy's engine and aiosqlite."""

from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from advanced_alchemy.config import EngineConfig, SQLAlchemyAsyncConfig
from sqlalchemy import URL, event
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.sqlalchemy.database import (
    NOT_MIGRATED,
    Connection,
    MissingReference,
    Row,
    Statement,
    Unavailable,
    UniqueViolation,
)

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",  # readers and the one writer do not wait for each other
    "PRAGMA synchronous = FULL",  # what was acknowledged survives a power cut
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 15000",  # milliseconds a writer waits for another one
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

    async def fetch_one(self, statement: Statement, /, **values: object) -> Row | None:
        """See ``Connection``."""
        with _translated_errors():
            async with self._engine.connect() as connection:
                return await SqliteConnection(connection).fetch_one(statement, **values)

    async def fetch_all(self, statement: Statement, /, **values: object) -> Sequence[Row]:
        """See ``Connection``."""
        with _translated_errors():
            async with self._engine.connect() as connection:
                return await SqliteConnection(connection).fetch_all(statement, **values)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Connection]:
        """See ``Database``. The right to write is taken first: it cannot be lost to another writer half-way."""
        with _translated_errors():
            async with self._engine.connect() as connection:
                await connection.exec_driver_sql("BEGIN IMMEDIATE")
                try:
                    yield SqliteConnection(connection)
                except BaseException:
                    await connection.exec_driver_sql("ROLLBACK")
                    raise
                await connection.exec_driver_sql("COMMIT")


def sqlite_config(path: Path) -> SQLAlchemyAsyncConfig:
    """Return how the file at ``path`` is opened."""
    config = SQLAlchemyAsyncConfig(
        connection_string=URL.create("sqlite+aiosqlite", database=str(path)).render_as_string(),
        # The driver's own transactions begin too late and in the wrong mode; ours say when they begin.
        engine_config=EngineConfig(isolation_level="AUTOCOMMIT", hide_parameters=True),
    )
    event.listen(config.get_engine().sync_engine, "connect", _set_pragmas)
    return config


@asynccontextmanager
async def open_sqlite(path: Path) -> AsyncGenerator[SqliteDatabase]:
    """Open the file at ``path``."""
    engine = sqlite_config(path).get_engine()
    try:
        yield SqliteDatabase(engine)
    finally:
        await engine.dispose()


def _set_pragmas(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
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
