"""Migrating a PostgreSQL database, under an advisory lock of the server's."""

import asyncio
import logging

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from adapters.sqlalchemy.database import Unavailable
from adapters.sqlalchemy.migrate import GOING_ON, WAITING, run_migrations
from adapters.sqlalchemy.revisions import SCRIPTS

_log = logging.getLogger(__name__)

_LOCK = 7_466_137_058
"""The key of the advisory lock; any number that nothing else on the server uses."""

_RETRY_INTERVAL = 0.2
"""Seconds between two attempts at the lock. Waiting inside a statement would hold a snapshot, for whose end
CREATE INDEX CONCURRENTLY waits: those who wait and the one who migrates would wait for each other for ever."""

_LOCK_TIMEOUT = "5s"
"""How long a migration queues for the lock of a table. Behind it queues every request that needs the table, so that it
gives up, which leaves the database as it was, rather than stop the service that is running."""


async def migrate_postgresql(dsn: str, revision: str = "head", *, scripts: str = SCRIPTS) -> str | None:
    """Upgrade or downgrade the database at ``dsn``; see ``run_migrations``."""
    try:
        lock = await asyncpg.connect(dsn)
        try:
            await _take(lock)
            return await asyncio.to_thread(run_migrations, migration_engine(dsn), revision, scripts)
        finally:
            await lock.close()  # and with it the lock
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        raise Unavailable(f"The database cannot be reached: {error}.") from error


def migration_engine(dsn: str) -> AsyncEngine:
    """Return how SQLAlchemy reaches the database at ``dsn``: the driver parses it, as it does for the pool."""

    async def connect() -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(dsn, server_settings={"lock_timeout": _LOCK_TIMEOUT})

    return create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool, hide_parameters=True)


async def _take(lock: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Take the advisory lock, and say so if that means waiting."""
    attempt = "SELECT pg_try_advisory_lock($1)"
    if await lock.fetchval(attempt, _LOCK):
        return
    _log.info(WAITING)
    while not await lock.fetchval(attempt, _LOCK):  # noqa: ASYNC110 - it is released in another process
        await asyncio.sleep(_RETRY_INTERVAL)
    _log.info(GOING_ON)
