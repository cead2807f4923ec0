"""Indexes that PostgreSQL builds while others write: beside long transactions, and again after a failure."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from adapters.sqlalchemy.migrate_postgresql import migrate_postgresql
from domain.errors import Unavailable
from tests.integration.later_version import EXPAND, INDEX, INDEX_AT_LEISURE, Later

WITHOUT_PRECAUTIONS = (
    "with op.get_context().autocommit_block():\n"
    f'        op.create_index("{INDEX}", "todos", ["colour"], postgresql_concurrently=True)'
)
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)"


@pytest.fixture(autouse=True)
def short_wait_for_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.sqlalchemy.migrate_postgresql._LOCK_TIMEOUT", "200ms")


async def test_many_may_build_one_without_waiting_for_each_other(committed_url: str, later: Later) -> None:
    later.migration(EXPAND).migration(INDEX_AT_LEISURE)

    async with asyncio.timeout(30):
        await asyncio.gather(*(migrate_postgresql(committed_url, scripts=later.scripts) for _ in range(4)))

    assert await value_of(committed_url, "SELECT version_num FROM alembic_version") == later.head


async def test_one_waits_for_an_older_snapshot_for_as_long_as_it_takes(committed_url: str, later: Later) -> None:
    later.migration(EXPAND)
    await migrate_postgresql(committed_url, scripts=later.scripts)
    later.migration(INDEX_AT_LEISURE)

    async with snapshot(committed_url):
        migrating = asyncio.create_task(migrate_postgresql(committed_url, scripts=later.scripts))
        done, _ = await asyncio.wait([migrating], timeout=1.5)
    await migrating

    assert not done
    assert await value_of(committed_url, VALID, INDEX) is True


async def test_one_that_gives_up_says_that_something_stays(committed_url: str, later: Later) -> None:
    later.migration(EXPAND)
    await migrate_postgresql(committed_url, scripts=later.scripts)
    later.migration(WITHOUT_PRECAUTIONS)

    async with snapshot(committed_url):
        with pytest.raises(Unavailable, match=r"stays: .*lock timeout"):
            await migrate_postgresql(committed_url, scripts=later.scripts)

    assert await value_of(committed_url, VALID, INDEX) is False


async def test_what_a_failed_attempt_left_is_replaced(committed_url: str, later: Later) -> None:
    later.migration(EXPAND)
    await migrate_postgresql(committed_url, scripts=later.scripts)
    await leave_an_invalid_index(committed_url)
    later.migration(INDEX_AT_LEISURE)

    await migrate_postgresql(committed_url, scripts=later.scripts)

    assert await value_of(committed_url, VALID, INDEX) is True


async def test_the_migration_after_one_gives_up_in_time_again(committed_url: str, later: Later) -> None:
    later.migration(f"{EXPAND}\n    {INDEX_AT_LEISURE}")
    later.migration('op.add_column("posts", sa.Column("colour", sa.String(20), nullable=True))')
    somebody = await asyncpg.connect(committed_url)
    try:
        await somebody.execute("BEGIN; LOCK TABLE posts IN ACCESS SHARE MODE")
        with pytest.raises(Unavailable, match=r"undone: .*lock timeout"):
            async with asyncio.timeout(30):
                await migrate_postgresql(committed_url, scripts=later.scripts)
    finally:
        await somebody.close()


@asynccontextmanager
async def snapshot(url: str) -> AsyncGenerator[None]:
    """Hold a snapshot while the block runs, as a backup does."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.fetchval("SELECT count(*) FROM accounts")
            yield
    finally:
        await connection.close()


async def leave_an_invalid_index(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET lock_timeout = '200ms'")
        async with snapshot(url):
            with pytest.raises(asyncpg.LockNotAvailableError):
                await connection.execute(f"CREATE INDEX CONCURRENTLY {INDEX} ON todos (colour)")
    finally:
        await connection.close()


async def value_of(url: str, query: str, *arguments: object) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query, *arguments)
    finally:
        await connection.close()
