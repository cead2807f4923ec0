"""Bringing a database to the schema of this version, with Alembic through Advanced Alchemy.

Any number of processes may start this at once: one does the work while the others wait, then find nothing to do.
"""

import asyncio
import fcntl
import logging
from functools import cache
from pathlib import Path

import asyncpg
from advanced_alchemy.alembic.commands import AlembicCommands
from advanced_alchemy.config import AlembicAsyncConfig, SQLAlchemyAsyncConfig
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from adapters.sqlalchemy.database import NOT_MIGRATED, Connection, Statement, Unavailable
from adapters.sqlalchemy.sqlite import sqlite_config
from domain.errors import Invalid

_log = logging.getLogger(__name__)

SCRIPTS = str(Path(__file__).parent / "migrations")
"""The directory with the migrations of this version."""

_VERSION_TABLE = "alembic_version"
_LOCK = 7_466_137_058
"""The key of the advisory lock; any number that nothing else on the server uses."""

_ASK_AGAIN = 0.2
"""Seconds between two attempts at the lock. Waiting inside a statement would hold a snapshot, for whose end
CREATE INDEX CONCURRENTLY waits: those who wait and the one who migrates would wait for each other for ever."""

_LONGEST_WAIT_FOR_TABLES = "5s"
"""How long a migration queues for the lock of a table. Behind it queues every request that needs the table, so that it
gives up, which leaves the database as it was, rather than stop the service that is running."""

_CURRENT = Statement(text(f"SELECT version_num FROM {_VERSION_TABLE}"))  # noqa: S608 - the name is ours


async def migrate_postgresql(dsn: str, revision: str = "head", *, scripts: str = SCRIPTS) -> None:
    """Upgrade or downgrade the database at ``dsn`` to ``revision``, under an advisory lock of its own connection.

    :raises Invalid: if there is no such revision.
    :raises Unavailable: if the database cannot be reached or a migration fails, which then has changed nothing.
    """
    try:
        lock = await asyncpg.connect(dsn)
    except asyncpg.PostgresError as error:
        raise Unavailable(f"The database cannot be reached: {error}.") from error
    try:
        while not await lock.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):  # noqa: ASYNC110 - it is released in another process
            await asyncio.sleep(_ASK_AGAIN)
        await asyncio.to_thread(_run, postgresql_config(dsn, scripts), revision)
    finally:
        await lock.close()  # and with it the lock


async def migrate_sqlite(path: Path, revision: str = "head", *, scripts: str = SCRIPTS) -> None:
    """Upgrade or downgrade the file at ``path`` to ``revision``, under a lock on a file beside it.

    :raises Invalid: if there is no such revision.
    :raises Unavailable: if a migration fails, which then has changed nothing.
    """
    await asyncio.to_thread(_run_alone, path, revision, scripts)


@cache
def newest_revision() -> str:
    """Return the revision that this version of the program is written for; revisions are numbers of four digits."""
    head = ScriptDirectory(SCRIPTS).get_current_head()
    assert head is not None  # noqa: S101 - the scripts are part of the program
    return head


async def current_revision(connection: Connection) -> str:
    """Return the revision a database is at.

    :raises Unavailable: if the database cannot be reached, was never migrated, or was taken back to its beginning.
    """
    row = await connection.fetch_one(_CURRENT)
    if row is None:
        raise Unavailable(NOT_MIGRATED)
    return row[0]


def postgresql_config(dsn: str, scripts: str = SCRIPTS) -> SQLAlchemyAsyncConfig:
    """Return how SQLAlchemy reaches the database at ``dsn``: the driver parses it, as it does for the pool."""

    async def connect() -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(dsn, server_settings={"lock_timeout": _LONGEST_WAIT_FOR_TABLES})

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=connect, poolclass=NullPool, hide_parameters=True
    )
    return with_migrations(SQLAlchemyAsyncConfig(engine_instance=engine), scripts)


def with_migrations(config: SQLAlchemyAsyncConfig, scripts: str = SCRIPTS) -> SQLAlchemyAsyncConfig:
    """Return ``config``, told where the migrations are."""
    config.alembic_config = AlembicAsyncConfig(
        script_location=scripts, version_table_name=_VERSION_TABLE, compare_type=True
    )
    return config


def _run(config: SQLAlchemyAsyncConfig, revision: str) -> None:
    commands = AlembicCommands(config)
    try:
        if revision == "base" or revision.startswith("-"):
            commands.downgrade(revision)
        else:
            commands.upgrade(revision)
    except CommandError as error:
        raise Invalid(f"{error}.") from error
    except DBAPIError as error:
        _log.exception("A migration failed")
        raise Unavailable(f"A migration failed, and what it began was undone: {_reason(error)}") from error


def _reason(error: DBAPIError) -> str:
    """Return in one line what the database said."""
    return " ".join(str(error.orig).rpartition(">: ")[2].split()) or type(error).__name__


def _run_alone(path: Path, revision: str, scripts: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _run(with_migrations(sqlite_config(path), scripts), revision)
