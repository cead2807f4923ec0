"""What statements meet that others will meet, too, is remembered until it is over, and readiness says so."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ResourceClosedError

from adapters.sqlalchemy.database import DAMAGED, FULL, READ_ONLY, Database, Statement
from adapters.sqlalchemy.sqlite import open_sqlite
from adapters.sqlalchemy.store import SqlAlchemyStore
from domain.errors import Unavailable
from entrypoints.databases.problems import problems_of
from tests.builders import a_new_account
from tests.integration.conftest import DatabaseOpener

READS_ONLY = Statement(text("SET default_transaction_read_only = on"), sqlite=text("PRAGMA query_only = on"))
WRITES_AGAIN = Statement(text("SET default_transaction_read_only = off"), sqlite=text("PRAGMA query_only = off"))


@pytest.fixture
def damaged_file(sqlite_file: Path) -> Path:
    """A file in which there is something else."""
    sqlite_file.write_bytes(b"This is no database. " * 500)
    return sqlite_file


@pytest.fixture
async def database(open_database: DatabaseOpener) -> AsyncGenerator[Database]:
    """A database of each kind with one connection."""
    async with open_database(pool_size=1) as database:
        yield database


async def test_a_database_that_can_only_be_read_is_ready_with_a_notice_until_it_can_be_written(
    database: Database,
) -> None:
    await execute(database, READS_ONLY)
    with pytest.raises(Unavailable, match="not be written"):
        await add_account(database, "first@example.com")
    with pytest.raises(Unavailable, match="not be written"):
        await add_account_in_a_transaction(database, "first@example.com")
    meanwhile = await problems_of(database), database.notices()
    await execute(database, WRITES_AGAIN)
    await add_account(database, "second@example.com")

    assert meanwhile == ([], [READ_ONLY])
    assert database.notices() == []


async def test_a_transaction_that_writes_is_a_sign_of_health_as_well(database: Database) -> None:
    await execute(database, READS_ONLY)
    with pytest.raises(Unavailable):
        await add_account(database, "first@example.com")
    await execute(database, WRITES_AGAIN)
    await add_account_in_a_transaction(database, "second@example.com")

    assert database.notices() == []


async def test_a_full_sqlite_file_is_ready_with_a_notice_until_there_is_room(sqlite_file: Path) -> None:
    async with open_sqlite(sqlite_file, pool_size=1) as database:
        await database.fetch_all(Statement(text("PRAGMA max_page_count = 1")))
        with pytest.raises(Unavailable, match="full"):
            await fill(database)
        meanwhile = await problems_of(database), database.notices()
        await database.fetch_all(Statement(text("PRAGMA max_page_count = 100000")))
        await add_account(database, "second@example.com")

        assert meanwhile == ([], [FULL])
        assert database.notices() == []


@pytest.mark.parametrize(("code", "notices"), [("53100", [FULL]), ("25006", [READ_ONLY])])
async def test_what_keeps_postgresql_from_being_written_is_a_notice(
    committed_database: Database, code: str, notices: list[str]
) -> None:
    with pytest.raises(Unavailable):
        await committed_database.fetch_all(raising(code))

    assert (await problems_of(committed_database), committed_database.notices()) == ([], notices)


@pytest.mark.parametrize("code", ["XX001", "XX002"])
async def test_a_damaged_postgresql_is_not_ready(committed_database: Database, code: str) -> None:
    with pytest.raises(Unavailable):
        await committed_database.fetch_all(raising(code))

    assert await problems_of(committed_database) == [DAMAGED]


async def test_a_damaged_page_of_an_sqlite_file_is_not_ready_once_it_is_met(sqlite_file: Path) -> None:
    damage_accounts(sqlite_file)
    async with open_sqlite(sqlite_file) as database:
        before = await problems_of(database)
        with pytest.raises(Unavailable):
            await SqlAlchemyStore(database).accounts.get(1)

        assert before == []
        assert await problems_of(database) == [DAMAGED]


async def test_a_file_that_is_no_database_is_not_ready(damaged_file: Path) -> None:
    async with open_sqlite(damaged_file) as database:
        assert await problems_of(database) == [DAMAGED]

    await asyncio.sleep(0.1)  # the driver's thread still has something to say to the loop


async def fill(database: Database) -> None:
    for number in range(10_000):
        await add_account(database, f"{number}@example.com")


def damage_accounts(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'accounts'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)


def raising(code: str) -> Statement:
    return Statement(text(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$"))


async def execute(database: Database, statement: Statement) -> None:
    with suppress(ResourceClosedError):  # there is nothing to fetch on SQLite
        await database.fetch_all(statement)


async def add_account(database: Database, email: str) -> None:
    await SqlAlchemyStore(database).accounts.add(a_new_account(email))


async def add_account_in_a_transaction(database: Database, email: str) -> None:
    await SqlAlchemyStore(database).transaction(lambda tx: tx.accounts.add(a_new_account(email)))
