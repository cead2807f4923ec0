"""SQLite files, through SQLAlchemy's engine and aiosqlite."""

import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import URL, event
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from adapters.sqlalchemy.database import (
    DAMAGED,
    FULL,
    NOT_MIGRATED,
    READ_ONLY,
    Damaged,
    ForeignKeyViolation,
    Unavailable,
    UniqueViolation,
    Unwritable,
)
from adapters.sqlalchemy.engine import EngineDatabase
from adapters.sqlalchemy.execution import Dialect
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

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",  # readers and the one writer do not wait for each other
    "PRAGMA synchronous = FULL",  # what was acknowledged survives a power cut
    "PRAGMA foreign_keys = ON",
)


class SqliteDatabase(EngineDatabase):
    """A SQLite file; see ``EngineDatabase``."""

    def __init__(self, engine: AsyncEngine, files: DatabaseFiles, *, acquire_timeout: float = ACQUIRE_TIMEOUT) -> None:
        super().__init__(engine, _DIALECT, acquire_timeout=acquire_timeout)
        self._files = files

    def problems(self) -> list[str]:
        """See ``Database``."""
        return [*super().problems(), *([] if self._files.are_unchanged() else [FILES_CHANGED])]

    def _require_writable(self) -> None:
        self._files.require_unchanged()


def sqlite_engine(
    path: Path,
    *,
    pool_size: int = POOL_SIZE,
    acquire_timeout: int = ACQUIRE_TIMEOUT,
    lock_timeout: float = LOCK_TIMEOUT,
) -> AsyncEngine:
    """Return what opens the file at ``path``; each timeout is in seconds."""
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        # The driver's own transactions begin too late and in the wrong mode; ours say when they begin.
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=acquire_timeout,
        json_serializer=_json,
        json_deserializer=msgspec.json.decode,
    )
    pragmas = (*_PRAGMAS, f"PRAGMA busy_timeout = {round(lock_timeout * 1_000)}")
    event.listen(engine.sync_engine, "connect", partial(_execute, pragmas))
    return engine


@asynccontextmanager
async def open_sqlite(
    path: Path,
    *,
    pool_size: int = POOL_SIZE,
    acquire_timeout: int = ACQUIRE_TIMEOUT,
    lock_timeout: float = LOCK_TIMEOUT,
) -> AsyncGenerator[SqliteDatabase]:
    """Open the file at ``path``; see ``sqlite_engine``."""
    engine = sqlite_engine(path, pool_size=pool_size, acquire_timeout=acquire_timeout, lock_timeout=lock_timeout)
    files = DatabaseFiles(path)
    event.listen(engine.sync_engine, "do_connect", lambda *_: files.connecting())
    event.listen(engine.sync_engine, "connect", lambda *_: files.connected())
    event.listen(engine.sync_engine, "close", lambda *_: files.disconnected())
    try:
        yield SqliteDatabase(engine, files, acquire_timeout=acquire_timeout)
    finally:
        await engine.dispose()


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _execute(statements: Sequence[str], connection: Any, _: object) -> None:
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.close()


def _translate(error: DatabaseError) -> Exception | None:
    message = str(error.orig)
    if isinstance(error, IntegrityError):
        if "UNIQUE constraint failed" in message:
            return UniqueViolation(message)
        return ForeignKeyViolation(message) if "FOREIGN KEY constraint failed" in message else None
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    if code in _PERSISTENT_ERRORS:
        kind, detail = _PERSISTENT_ERRORS[code]
        return kind(detail)
    return Unavailable(NOT_MIGRATED) if "no such table" in message else None


async def _interrupt(driver: Any) -> None:
    await driver.interrupt()


_DIALECT = Dialect(name="sqlite", begin="BEGIN IMMEDIATE", translate=_translate, interrupt=_interrupt)
