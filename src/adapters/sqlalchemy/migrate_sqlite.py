"""Migrating an SQLite file, under a lock on a file beside it."""

import asyncio
import fcntl
import logging
from pathlib import Path
from typing import Any

from sqlalchemy import URL, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from adapters.sqlalchemy.migrate import GOING_ON, WAITING, run_migrations
from adapters.sqlalchemy.revisions import SCRIPTS
from adapters.sqlalchemy.sqlite import LOCK_TIMEOUT, PRAGMAS

_log = logging.getLogger(__name__)


async def migrate_sqlite(path: Path, revision: str = "head", *, scripts: str = SCRIPTS) -> str | None:
    """Upgrade or downgrade the file at ``path``, which is made if need be; see ``run_migrations``."""
    return await asyncio.to_thread(_run_alone, path, revision, scripts)


def _run_alone(path: Path, revision: str, scripts: str) -> str | None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _log.info(WAITING)
            fcntl.flock(lock, fcntl.LOCK_EX)
            _log.info(GOING_ON)
        return run_migrations(migration_engine(path), revision, scripts)


def migration_engine(path: Path) -> AsyncEngine:
    """Return what opens the file at ``path`` to migrate it."""
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        # The driver's own transactions begin too late and in the wrong mode; migrations say when theirs begin.
        isolation_level="AUTOCOMMIT",
        connect_args={"timeout": LOCK_TIMEOUT},
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "connect", _set_up)
    return engine


def _set_up(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()
