"""Backups of a PostgreSQL database, with its own tools: pg_dump and pg_restore."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import token_hex
from typing import ClassVar, Self

import asyncpg

from adapters.backups.cancellation import uninterrupted
from adapters.backups.database import REVISION_TABLE
from adapters.backups.files import create_private
from adapters.backups.libpq import database_argument, environment_of
from adapters.backups.postgresql_restore import restore_archive
from adapters.backups.postgresql_tools import Tool, find_tool, run_tool
from adapters.backups.progress import Progress, Unwatched
from domain.backups.content import Content, TableContent
from domain.backups.errors import BackupError

SCRATCH_PREFIX = "todo_verify_"
"""How the names of databases begin that exist only while a backup is verified."""

_SESSION = {
    "statement_timeout": "0",
    "transaction_timeout": "0",
    "idle_in_transaction_session_timeout": "0",  # while pg_dump works, the transaction that shares its snapshot waits
    "datestyle": "ISO, YMD",
    "timezone": "UTC",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
}
"""What measures take as long as they take, and make the same text of the same row on every server."""

_SET = """
SELECT set_config(wanted.name, wanted.value, false) FROM unnest($1::text[], $2::text[]) AS wanted (name, value)
WHERE wanted.name IN (SELECT lower(name) FROM pg_settings) -- older servers do not have all of them
"""

_TABLES = """
SELECT CASE WHEN nspname = 'public' THEN relname ELSE nspname || '.' || relname END AS name,
       format('%I.%I', nspname, relname) AS identifier
FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind = 'r' AND relpersistence <> 't' AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg\\_%'
  AND NOT EXISTS (
    SELECT FROM pg_depend
    WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e' -- it belongs to an extension
  )
ORDER BY EXISTS (SELECT FROM pg_constraint WHERE confrelid = pg_class.oid), name
"""
"""Tables that others refer to come last: an INSERT locks them last, and whoever locks all must not meet it halfway."""

_MEASURE = """
SELECT count(*) AS rows, coalesce(sum(hashtextextended(t::text COLLATE "C", 0)), 0)::text AS checksum
FROM ONLY {table} AS t
"""


class PostgresqlServerDatabase:
    """Implements ``DumpableDatabase`` for the database that ``url``, a connection URI of libpq, leads to."""

    kind: ClassVar[str] = "postgresql"

    def __init__(self, url: str, progress: Progress | None = None, *, name: str | None = None) -> None:
        self._url = url
        self._progress = progress or Unwatched()
        self._name = name
        """Of the database, where it is another than the one in the URL."""

    async def dump(self, file: Path) -> Content:
        """See the port. pg_dump looks at the snapshot of the transaction that measures."""
        async with self._connected() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            pg_dump = await _tool("pg_dump", connection)
            snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
            create_private(file).close()
            self._progress.begin("Copying the database")
            await run_tool(
                [pg_dump, "--format=custom", f"--snapshot={snapshot}", f"--file={file}", *await _target(connection)],
                environment_of(self._url),
            )
            self._progress.begin("Reading the database")
            return await _content(connection)

    async def content(self) -> Content:
        """See the port."""
        async with self._connected() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            self._progress.begin("Reading the database")
            return await _content(connection)

    async def restore(self, file: Path, content: Content) -> None:
        """See the port. It is one transaction, which waits for those that are open and then locks out all others."""
        async with self._connected() as connection:
            pg_restore, psql = await _tool("pg_restore", connection), await _tool("psql", connection)
            target = await _target(connection)
            present = {row["name"]: row["identifier"] for row in await connection.fetch(_TABLES)}
        if unknown := present.keys() - content.tables.keys():
            raise BackupError(
                f"The database has tables that the backup would not replace: {', '.join(sorted(unknown))}. Restore it "
                "into an empty database, or take back the migrations that made them first."
            )
        self._progress.begin("Restoring")
        await restore_archive(
            [pg_restore, str(file)], [psql, *target], environment_of(self._url), tables=list(present.values())
        )

    @asynccontextmanager
    async def scratch(self, room: Path) -> AsyncGenerator[Self]:
        """See the port. It is on the same server."""
        del room
        name = f"{SCRATCH_PREFIX}{token_hex(8)}"
        try:
            await uninterrupted(self._create(name))  # the server might finish it after it was dropped
            yield type(self)(self._url, self._progress, name=name)
        finally:
            await uninterrupted(self._drop(name))

    async def _create(self, name: str) -> None:
        async with self._connected() as connection:
            encoding = await connection.fetchval("SHOW server_encoding")
            try:
                # The locale does not matter to what is compared, and C goes with every encoding.
                await connection.execute(
                    f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
                )
            except asyncpg.InsufficientPrivilegeError:
                raise BackupError(
                    "The database's user may not create the scratch database in which a backup is verified: "
                    "ALTER ROLE ... CREATEDB, or verify on another server, with the backup and its manifest."
                ) from None

    async def _drop(self, name: str) -> None:
        async with self._connected() as connection:
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator["asyncpg.Connection[asyncpg.Record]"]:
        """Connect with the settings of ``_SESSION``; what the driver says becomes a sentence."""
        try:
            connection = await asyncpg.connect(
                self._url, database=self._name, server_settings={"application_name": "todo-api backup"}
            )
        except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError, OSError) as error:
            raise BackupError(f"The database cannot be reached: {error}.") from error
        try:
            await connection.fetch(_SET, list(_SESSION), list(_SESSION.values()))
            yield connection
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise BackupError(f"The database cannot be used: {error}.") from error
        finally:
            await connection.close()


async def _tool(tool: Tool, connection: "asyncpg.Connection[asyncpg.Record]") -> str:
    return await find_tool(tool, server_version=connection.get_server_version().major)


async def _target(connection: "asyncpg.Connection[asyncpg.Record]") -> tuple[str, str]:
    """Return the arguments that lead a tool to the database of the connection."""
    name = await connection.fetchval("SELECT current_database()")
    return "--no-password", f"--dbname={database_argument(name)}"


async def _content(connection: "asyncpg.Connection[asyncpg.Record]") -> Content:
    identifiers = {row["name"]: row["identifier"] for row in await connection.fetch(_TABLES)}
    tables: dict[str, TableContent] = {}
    for name, identifier in identifiers.items():
        row = await connection.fetchrow(_MEASURE.format(table=identifier))
        assert row is not None  # noqa: S101 - aggregates always return a row
        tables[name] = TableContent(rows=row["rows"], checksum=row["checksum"])
    revision = None
    if REVISION_TABLE in identifiers:
        revision = await connection.fetchval(f"SELECT version_num FROM {identifiers[REVISION_TABLE]}")  # noqa: S608 - quoted
    return Content(revision=revision, tables=tables)
