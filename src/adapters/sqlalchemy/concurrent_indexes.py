"""Indexes that migrations build while the service goes on writing."""

from collections.abc import Sequence

from alembic import op


def create_index_concurrently(name: str, table: str, columns: Sequence[str], *, unique: bool = False) -> None:
    """Build an index without holding up writers; on SQLite, which cannot, within the migration's transaction.

    PostgreSQL builds it outside a transaction, and waits for every older one to end, be it a backup of an hour; no
    request queues behind it meanwhile. An attempt that fails leaves an invalid index with the name, so that whatever
    has the name is dropped first: the migration can be run again.
    """
    context = op.get_context()
    if context.dialect.name == "sqlite":
        op.create_index(name, table, columns, unique=unique)
        return
    with context.autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
        op.create_index(name, table, columns, unique=unique, postgresql_concurrently=True)
        op.execute("RESET lock_timeout")
