"""What Alembic runs to migrate; ``adapters.sqlalchemy.migrate`` starts it."""

import asyncio
import logging
import sqlite3
from collections import Counter
from collections.abc import Mapping
from typing import Any, cast

from alembic import context
from alembic.runtime.migration import MigrationContext, MigrationInfo
from sqlalchemy import Connection, event, inspect
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.sqlalchemy.migrate import ENGINE, HAS_COMMITTED
from adapters.sqlalchemy.revisions import VERSION_TABLE
from adapters.sqlalchemy.tables import METADATA

_NEWEST_IDS = "newest_ids"
"""Where a connection keeps, for each table, the newest id that it ever gave."""

config = context.config

_log = logging.getLogger("adapters.sqlalchemy.migrations")  # Alembic runs this under a name of its own


def migrate(connection: Connection) -> None:
    """Run the migrations, each in a transaction: a failed one leaves nothing behind, on SQLite neither.

    A migration that must not be in one, such as ``CREATE INDEX CONCURRENTLY``, leaves it with ``autocommit_block``.
    """
    if connection.dialect.name == "sqlite":
        _prepare_sqlite(connection)
    event.listen(connection, "set_connection_execution_options", _note_options)
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        compare_type=True,
        version_table=VERSION_TABLE,
        render_as_batch=True,
        transactional_ddl=True,
        transaction_per_migration=True,
        on_version_apply=_finish,
    )
    with context.begin_transaction():
        context.run_migrations()


def _prepare_sqlite(connection: Connection) -> None:
    """Let a table be rebuilt, which drops it: enforced references would take along every row that refers to it.

    They are checked when a migration ends. The driver begins no transaction by itself, so each says that it begins.
    """
    connection.exec_driver_sql("PRAGMA foreign_keys = OFF")  # means nothing inside a transaction
    if inspect(connection).has_table("sqlite_sequence"):
        connection.info[_NEWEST_IDS] = connection.exec_driver_sql("SELECT seq, name FROM sqlite_sequence").all()
    connection.rollback()
    event.listen(connection, "begin", _begin_to_write)


def _begin_to_write(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _note_options(_: Connection, options: Mapping[str, Any]) -> None:
    """Note that a migration leaves its transaction: what it did until then is committed."""
    if options.get("isolation_level") == "AUTOCOMMIT":
        config.attributes[HAS_COMMITTED] = True


def _finish(ctx: MigrationContext, step: MigrationInfo, *_: object, **__: object) -> None:
    """End a migration, whose transaction is about to be committed."""
    _log.info("Migration %s is %s", step.up_revision_id, "done" if step.is_upgrade else "taken back")
    connection = ctx.connection
    if connection is not None and connection.dialect.name == "sqlite":
        _require_references(connection)
        _keep_newest_ids(connection)
    config.attributes[HAS_COMMITTED] = False


def _require_references(connection: Connection) -> None:
    """Fail if a row refers to one that does not exist, as the database would have if it enforced references."""
    check = "PRAGMA foreign_key_check"
    found = Counter((table, parent) for table, _, parent, _ in connection.exec_driver_sql(check))
    if found:
        broken = ", ".join(f"{table} to {parent} ({count})" for (table, parent), count in found.items())
        raise IntegrityError(check, None, sqlite3.IntegrityError(f"references to nothing, from {broken}"))


def _keep_newest_ids(connection: Connection) -> None:
    """Let no new row have the id of a removed one, after a table was rebuilt from the rows that are left."""
    for newest_id, table in connection.info.get(_NEWEST_IDS, ()):
        connection.exec_driver_sql("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (newest_id, table))


async def main() -> None:
    """Run the migrations on the engine that Alembic was given."""
    engine = cast("AsyncEngine", config.attributes[ENGINE])
    try:
        async with engine.connect() as connection:
            await connection.run_sync(migrate)
            await connection.commit()
    finally:
        await engine.dispose()


asyncio.run(main())
