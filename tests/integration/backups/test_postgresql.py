"""What only PostgreSQL and its tools can do wrong."""

import asyncio
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import func, select

from adapters.backups.postgresql import PostgresqlServerDatabase
from adapters.sqlalchemy.database import Connection, Statement
from adapters.sqlalchemy.tables import AccountRow, PostRow
from domain.backups.errors import BackupError
from tests.held_transactions import held_transaction
from tests.integration.backups.scenario import Scenario, account, fill
from tests.postgresql import url_like


async def count_posts(connection: Connection) -> None:
    """Lock the table in a way that a restore waits for."""
    await connection.fetch_all(Statement(select(func.count()).select_from(PostRow)))


async def test_a_cancelled_restore_leaves_the_old_data(postgresql_scenario: Scenario, directory: Path) -> None:
    await fill(postgresql_scenario)
    backup = await postgresql_scenario.backups().make(directory)
    await postgresql_scenario.insert(AccountRow, **account("late@example.com"))
    before = await postgresql_scenario.rows()

    async with postgresql_scenario.open() as database, held_transaction(database, count_posts):
        restore = asyncio.create_task(postgresql_scenario.backups().restore(backup))
        await waiting_for_a_lock(postgresql_scenario)
        restore.cancel()
        with pytest.raises(asyncio.CancelledError):
            await restore

    assert await postgresql_scenario.rows() == before


async def test_a_restore_that_fails_halfway_leaves_the_old_data(
    postgresql_scenario: Scenario, directory: Path, committed_url: str
) -> None:
    await fill(postgresql_scenario)
    backup = await postgresql_scenario.backups().make(directory)
    connection = await asyncpg.connect(committed_url)
    await connection.execute("CREATE VIEW titles AS SELECT title FROM todos")  # keeps the table from being dropped
    await connection.close()
    before = await postgresql_scenario.rows()

    with pytest.raises(BackupError, match=r"psql failed: .*cannot drop table public\.todos"):
        await postgresql_scenario.backups().restore(backup)

    assert await postgresql_scenario.rows() == before


async def test_a_restore_does_not_hold_up_requests_for_long(
    postgresql_scenario: Scenario, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(postgresql_scenario)
    backup = await postgresql_scenario.backups().make(directory)
    before = await postgresql_scenario.rows()
    monkeypatch.setattr("adapters.backups.postgresql_restore.LOCK_TIMEOUT", 1)

    async with postgresql_scenario.open() as database, held_transaction(database, count_posts):
        with pytest.raises(BackupError, match=r"Somebody else uses the tables, .* no longer than 1 s"):
            await postgresql_scenario.backups().restore(backup)

    assert await postgresql_scenario.rows() == before


async def test_tables_that_would_be_left_over_are_named(
    postgresql_scenario: Scenario, directory: Path, committed_url: str
) -> None:
    backup = await postgresql_scenario.backups().make(directory)
    connection = await asyncpg.connect(committed_url)
    await connection.execute('CREATE SCHEMA "odd one"; CREATE TABLE "odd one"."La bels" (); CREATE TABLE labels ()')
    await connection.close()

    with pytest.raises(BackupError, match=r"would not replace: labels, odd one\.La bels"):
        await postgresql_scenario.backups().restore(backup)


async def test_the_scratch_database_goes_when_a_verification_is_cancelled(
    postgresql_scenario: Scenario, directory: Path
) -> None:
    await fill(postgresql_scenario)
    backup = await postgresql_scenario.backups().make(directory)
    for delay in (0.05, 0.1, 0.2, 0.4):
        verification = asyncio.create_task(postgresql_scenario.backups().verify(backup))
        await asyncio.sleep(delay)
        verification.cancel()
        await asyncio.gather(verification, return_exceptions=True)

        assert await postgresql_scenario.remains(directory) == []


async def test_who_may_not_create_databases_is_told_so(
    postgresql_scenario: Scenario, directory: Path, committed_url: str
) -> None:
    backup = await postgresql_scenario.backups().make(directory)
    humble_url = url_like(committed_url, query={"options": "-crole=pg_monitor"})
    humble = postgresql_scenario.on(PostgresqlServerDatabase(humble_url))

    with pytest.raises(BackupError, match="may not create the scratch database"):
        await humble.backups().verify(backup)


async def test_a_database_that_cannot_be_reached_is_a_sentence(postgresql_scenario: Scenario, directory: Path) -> None:
    for url in ("postgresql://ada:hidden@127.0.0.1:1/todo", "postgresql://ada:hid[den@127.0.0.1:1/todo"):
        nowhere = postgresql_scenario.on(PostgresqlServerDatabase(url))
        with pytest.raises(BackupError, match="The database cannot be reached") as refused:
            await nowhere.backups().make(directory)
        assert "hid" not in str(refused.value)


async def waiting_for_a_lock(scenario: Scenario) -> None:
    """Return when some session of the database waits for a lock."""
    connection = await asyncpg.connect(scenario.settings["DATABASE_URL"])
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(30):
        while not await connection.fetchval(waiting):  # noqa: ASYNC110 - in the server, which has no event of this loop
            await asyncio.sleep(0.02)
    await connection.close()
