"""Migrations of an SQLite file: each is one transaction, and rebuilding a table takes nothing else with it."""

from collections.abc import Sequence
from pathlib import Path

import aiosqlite
import pytest

from adapters.sqlalchemy.migrate_sqlite import migrate_sqlite
from adapters.sqlalchemy.revisions import newest_revision
from domain.errors import Unavailable
from tests.integration.later_version import BREAK, EXPAND, INDEX, INDEX_AT_LEISURE, Later

REBUILD_ACCOUNTS = (
    'with op.batch_alter_table("accounts", table_kwargs={"sqlite_autoincrement": True}) as batch:\n'
    '        batch.alter_column("email", type_=sa.String(200))'
)
INDEX_AS_ALEMBIC_DOES = (
    "with op.get_context().autocommit_block():\n"
    f'        op.create_index("{INDEX}", "todos", ["colour"], postgresql_concurrently=True)'
)
AN_ACCOUNT = """
INSERT INTO accounts (id, email, password_hash, time_zone, created_at, updated_at, version)
VALUES (1, 'ada@example.com', '', 'UTC', '2026-01-01', '2026-01-01', 1)
"""
ITS_POST = """
INSERT INTO posts (author_id, content, author_email, created_time) VALUES (1, 'Hello', 'ada@example.com', '2026-01-01')
"""
DELETE_ACCOUNTS = 'op.execute("DELETE FROM accounts")'


async def test_one_that_fails_leaves_nothing_behind(sqlite_file: Path, later: Later) -> None:
    before = await schema_of(sqlite_file)
    later.migration(f"{EXPAND}\n    {BREAK}")

    with pytest.raises(Unavailable, match=r"undone: no such table: nowhere$"):
        await migrate_sqlite(sqlite_file, scripts=later.scripts)

    assert await schema_of(sqlite_file) == before


async def test_the_one_before_the_one_that_fails_stays(sqlite_file: Path, later: Later) -> None:
    later.migration(EXPAND).migration(f'op.create_table("half_done", sa.Column("id", sa.Integer()))\n    {BREAK}')

    with pytest.raises(Unavailable, match="undone"):
        await migrate_sqlite(sqlite_file, scripts=later.scripts)

    schema = await schema_of(sqlite_file)
    assert "colour" in schema
    assert "half_done" not in schema
    assert schema.endswith(f"{int(newest_revision()) + 1:04}")


@pytest.mark.parametrize("index", [INDEX_AT_LEISURE, INDEX_AS_ALEMBIC_DOES], ids=["with our helper", "with Alembic's"])
async def test_an_index_that_postgresql_builds_concurrently_is_built_here_too(
    index: str, sqlite_file: Path, later: Later
) -> None:
    later.migration(EXPAND).migration(index).migration('op.add_column("todos", sa.Column("size", sa.Integer()))')

    await migrate_sqlite(sqlite_file, scripts=later.scripts)

    schema = await schema_of(sqlite_file)
    assert INDEX in schema
    assert "size" in schema


async def test_a_failure_after_leaving_the_transaction_does_not_claim_that_all_was_undone(
    sqlite_file: Path, later: Later
) -> None:
    later.migration(f"{EXPAND}\n    {INDEX_AS_ALEMBIC_DOES}\n    {BREAK}")

    with pytest.raises(Unavailable, match=r"stays: no such table: nowhere$"):
        await migrate_sqlite(sqlite_file, scripts=later.scripts)

    assert INDEX in await schema_of(sqlite_file)


async def test_rebuilding_a_table_keeps_what_refers_to_it(sqlite_file: Path, later: Later) -> None:
    await execute(sqlite_file, AN_ACCOUNT, ITS_POST)
    later.migration(REBUILD_ACCOUNTS)

    await migrate_sqlite(sqlite_file, scripts=later.scripts)

    assert "email VARCHAR(200)" in await schema_of(sqlite_file)
    assert await values_of(sqlite_file, "SELECT author_id FROM posts") == [1]
    await execute(sqlite_file, "PRAGMA foreign_keys = ON", "DELETE FROM accounts")
    assert await values_of(sqlite_file, "SELECT author_id FROM posts") == []


async def test_rebuilding_a_table_does_not_let_a_new_row_have_the_id_of_a_removed_one(
    sqlite_file: Path, later: Later
) -> None:
    await execute(sqlite_file, AN_ACCOUNT, "DELETE FROM accounts")
    later.migration(REBUILD_ACCOUNTS)

    await migrate_sqlite(sqlite_file, scripts=later.scripts)

    await execute(sqlite_file, AN_ACCOUNT.replace("(id, ", "(").replace("(1, ", "("))
    assert await values_of(sqlite_file, "SELECT id FROM accounts") == [2]


async def test_one_that_leaves_a_reference_to_nothing_fails(sqlite_file: Path, later: Later) -> None:
    await execute(sqlite_file, AN_ACCOUNT, ITS_POST)
    later.migration(DELETE_ACCOUNTS)

    with pytest.raises(Unavailable, match=r"undone: references to nothing, from posts to accounts \(1\)$"):
        await migrate_sqlite(sqlite_file, scripts=later.scripts)

    assert await values_of(sqlite_file, "SELECT email FROM accounts") == ["ada@example.com"]


async def execute(path: Path, *statements: str) -> None:
    async with aiosqlite.connect(path, isolation_level=None) as connection:
        for statement in statements:
            await connection.execute(statement)


async def values_of(path: Path, query: str) -> Sequence[object]:
    async with aiosqlite.connect(path) as connection:
        return [value for (value,) in await connection.execute_fetchall(query)]


async def schema_of(path: Path) -> str:
    """Return the statements that would make the tables and indexes, and the revision after them."""
    rows = await values_of(path, "SELECT sql FROM sqlite_master UNION ALL SELECT version_num FROM alembic_version")
    return "\n".join(map(str, rows))
