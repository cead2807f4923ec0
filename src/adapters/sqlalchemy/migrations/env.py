"""What Alembic runs to migrate; ``adapters.sqlalchemy.migrate`` starts it."""

import asyncio
from typing import TYPE_CHECKING, cast

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.sqlalchemy.tables import METADATA

if TYPE_CHECKING:
    from advanced_alchemy.alembic.commands import AlembicCommandConfig

config = cast("AlembicCommandConfig", context.config)


def migrate(connection: Connection) -> None:
    """Run the migrations, each in a transaction: a failed one leaves nothing behind, on SQLite neither.

    A migration that must not be in one, such as ``CREATE INDEX CONCURRENTLY``, leaves it with ``autocommit_block``.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        compare_type=config.compare_type,
        version_table=config.version_table_name,
        render_as_batch=True,
        transactional_ddl=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("COMMIT")


async def main() -> None:
    """Run the migrations on the engine that Advanced Alchemy was given."""
    engine = cast("AsyncEngine", config.engine)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(migrate)
            await connection.commit()
    finally:
        await engine.dispose()


asyncio.run(main())
