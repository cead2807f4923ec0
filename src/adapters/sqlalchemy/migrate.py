"""Bringing a database to the schema of this version, with Alembic through Advanced Alchemy.

Any number of processes may start this at once: one does the work while the others wait, then find nothing to do.
A version that was rolled back to finds nothing to do either: the database that is ahead of it stays where it is.
"""

import asyncio
import fcntl
import logging
import re
from functools import cache
from pathlib import Path

import asyncpg
from advanced_alchemy.alembic.commands import AlembicCommands
from advanced_alchemy.config import AlembicAsyncConfig, SQLAlchemyAsyncConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection as SyncConnection
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from adapters.sqlalchemy.database import NOT_MIGRATED, Connection, Statement, Unavailable
from adapters.sqlalchemy.sqlite import sqlite_config
from domain.errors import Invalid

_log = logging.getLogger(__name__)

SCRIPTS = str(Path(__file__).parent / "migrations")
"""The directory with the migrations of this version."""

HAS_COMMITTED = "has_committed"
"""The attribute of Alembic's configuration that says whether a migration, before its end, left its transaction."""

_REVISION = re.compile(r"head|base|[+-]\d+|\d{4}")
"""Where a database can be taken. Alembic knows more ways to say it, which could not be compared with where it is."""

_VERSION_TABLE = "alembic_version"
_LOCK = 7_466_137_058
"""The key of the advisory lock; any number that nothing else on the server uses."""

_RETRY_INTERVAL = 0.2
"""Seconds between two attempts at the lock. Waiting inside a statement would hold a snapshot, for whose end
CREATE INDEX CONCURRENTLY waits: those who wait and the one who migrates would wait for each other for ever."""

_LOCK_TIMEOUT = "5s"
"""How long a migration queues for the lock of a table. Behind it queues every request that needs the table, so that it
gives up, which leaves the database as it was, rather than stop the service that is running."""

_WAITING = "Another process migrates the database; this one waits for it"
_GOING_ON = "The other process is done; this one goes on"

_CURRENT = Statement(text(f"SELECT version_num FROM {_VERSION_TABLE}"))  # noqa: S608 - the name is ours


async def migrate_postgresql(dsn: str, revision: str = "head", *, scripts: str = SCRIPTS) -> str | None:
    """Upgrade or downgrade the database at ``dsn`` to ``revision``, under an advisory lock of its own connection.

    Return the revision it is at if that is ahead of this version, so that nothing was done.

    :raises Invalid: if there is no such revision, or it is not to be reached from where the database is.
    :raises Unavailable: if the database cannot be reached or a migration fails, which then has changed nothing, save
        what it did outside a transaction.
    """
    try:
        lock = await asyncpg.connect(dsn)
    except asyncpg.PostgresError as error:
        raise Unavailable(f"The database cannot be reached: {error}.") from error
    try:
        await _take(lock)
        return await asyncio.to_thread(_run, postgresql_config(dsn, scripts), revision)
    finally:
        await lock.close()  # and with it the lock


async def migrate_sqlite(path: Path, revision: str = "head", *, scripts: str = SCRIPTS) -> str | None:
    """Upgrade or downgrade the file at ``path`` to ``revision``, under a lock on a file beside it.

    See ``migrate_postgresql``.
    """
    return await asyncio.to_thread(_run_alone, path, revision, scripts)


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
        return await asyncpg.connect(dsn, server_settings={"lock_timeout": _LOCK_TIMEOUT})

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


async def _take(lock: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Take the advisory lock, and say so if that means waiting."""
    attempt = "SELECT pg_try_advisory_lock($1)"
    if await lock.fetchval(attempt, _LOCK):
        return
    _log.info(_WAITING)
    while not await lock.fetchval(attempt, _LOCK):  # noqa: ASYNC110 - it is released in another process
        await asyncio.sleep(_RETRY_INTERVAL)
    _log.info(_GOING_ON)


def _run_alone(path: Path, revision: str, scripts: str) -> str | None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _log.info(_WAITING)
            fcntl.flock(lock, fcntl.LOCK_EX)
            _log.info(_GOING_ON)
        return _run(with_migrations(sqlite_config(path), scripts), revision)


def _run(config: SQLAlchemyAsyncConfig, revision: str) -> str | None:
    commands = AlembicCommands(config)
    try:
        current = asyncio.run(_revision_of(config.get_engine()))
        newest = ScriptDirectory.from_config(commands.config).get_current_head()
        if newest is not None and current > newest:
            return _left_ahead(current, revision)
        _require_reachable(revision, current)
        if revision == "base" or revision.startswith("-"):
            commands.downgrade(revision)
        else:
            commands.upgrade(revision)
    except CommandError as error:
        raise Invalid(f"{error}.") from error
    except DBAPIError as error:
        _log.exception("A migration failed")
        has_committed = commands.config.attributes.get(HAS_COMMITTED, False)
        rest = "what it did outside a transaction stays" if has_committed else "what it began was undone"
        raise Unavailable(f"A migration failed, and {rest}: {_reason(error)}") from error
    return None


async def _revision_of(engine: AsyncEngine) -> str:
    """Return the revision a database is at; it is empty where nothing was migrated."""

    def revision(connection: SyncConnection) -> str:
        context = MigrationContext.configure(connection, opts={"version_table": _VERSION_TABLE})
        return context.get_current_revision() or ""

    try:
        async with engine.connect() as connection:
            return await connection.run_sync(revision)
    finally:
        await engine.dispose()


def _left_ahead(current: str, revision: str) -> str:
    """Return where the database is, and stays.

    :raises Invalid: if it is to go elsewhere, for which the scripts of a later version are needed.
    """
    if revision != "head":
        raise Invalid(
            f"The database is at {current}, ahead of this version: "
            "only the version that migrated it can take it elsewhere."
        )
    _log.info("The database is at %s, ahead of this version; nothing is to be done", current)
    return current


def _require_reachable(revision: str, current: str) -> None:
    """Refuse what Alembic would pass over in silence.

    :raises Invalid: if ``revision`` is none, or is behind, and nobody said that something is to be taken back.
    """
    if not _REVISION.fullmatch(revision):
        raise Invalid(f"Can't locate revision identified by '{revision}'.")
    if revision.isdecimal() and revision < current:
        raise Invalid(
            f"The database is at {current}, past {revision}. "
            "`todo-api migrate -1` takes one migration back, `todo-api migrate base` all of them."
        )


def _reason(error: DBAPIError) -> str:
    """Return in one line what the database said."""
    return " ".join(str(error.orig).rpartition(">: ")[2].split()) or type(error).__name__
