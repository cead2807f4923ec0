"""What only SQLite's driver can do wrong: one writer at a time, and threads that go on when a task is cancelled."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from sqlalchemy import text

from adapters.sqlalchemy.database import Statement
from adapters.sqlalchemy.sqlite import SqliteDatabase, open_sqlite
from adapters.sqlalchemy.store import SqlAlchemyStore
from domain.errors import Unavailable
from tests.builders import a_new_account


@pytest.fixture
async def other_database(sqlite_file: Path) -> AsyncGenerator[SqliteDatabase]:
    """The same file, opened as another process would."""
    async with open_sqlite(sqlite_file) as database:
        yield database


@pytest.fixture
def damaged_file(sqlite_file: Path) -> Path:
    """A file in which there is something else."""
    sqlite_file.write_bytes(b"This is no database. " * 500)
    return sqlite_file


@pytest.fixture
def strangely_named_file(sqlite_file: Path) -> Path:
    """The file under a name whose characters mean something in a URL."""
    return sqlite_file.rename(sqlite_file.with_name("a?b#c%20d.sqlite3"))


async def test_a_reader_does_not_wait_for_a_writer(
    sqlite_database: SqliteDatabase, other_database: SqliteDatabase
) -> None:
    async with SqlAlchemyStore(sqlite_database).transaction() as tx:
        await tx.accounts.add(a_new_account())

        found = await asyncio.wait_for(find_account(other_database), timeout=1)

    assert found is None
    assert await find_account(other_database) is not None


async def test_a_transaction_that_reads_first_can_still_write(
    sqlite_database: SqliteDatabase, other_database: SqliteDatabase
) -> None:
    async with SqlAlchemyStore(sqlite_database).transaction() as tx:
        assert await tx.accounts.credentials_by_email("first@example.com") is None
        waiting = asyncio.create_task(add_account(other_database))
        await asyncio.sleep(0.1)
        await tx.accounts.add(a_new_account("first@example.com"))
    await waiting

    assert await find_account(sqlite_database) is not None


async def test_a_transaction_that_is_cancelled_is_undone_and_lets_others_write(
    sqlite_database: SqliteDatabase, other_database: SqliteDatabase
) -> None:
    async def add_and_wait() -> None:
        async with SqlAlchemyStore(sqlite_database).transaction() as tx:
            await tx.accounts.add(a_new_account())
            await asyncio.sleep(60)

    writing = asyncio.create_task(add_and_wait())
    await asyncio.sleep(0.1)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing

    assert await find_account(other_database) is None
    await add_account(other_database)


@pytest.mark.parametrize("time", [0.0, 0.001, 0.01, 0.1])
async def test_a_writer_that_is_cancelled_while_it_waits_does_not_keep_the_lock(
    sqlite_database: SqliteDatabase, other_database: SqliteDatabase, time: float
) -> None:
    async with SqlAlchemyStore(sqlite_database).transaction() as tx:
        waiting = asyncio.create_task(add_account_in_a_transaction(other_database))
        await asyncio.sleep(time)
        waiting.cancel()
        await tx.accounts.add(a_new_account("first@example.com"))
    with pytest.raises(asyncio.CancelledError):
        await waiting

    await asyncio.wait_for(add_account(sqlite_database), timeout=5)
    await asyncio.wait_for(add_account_in_a_transaction(other_database, "other@example.com"), timeout=5)


async def test_a_writer_that_waits_for_too_long_is_unavailable(
    sqlite_database: SqliteDatabase, sqlite_file: Path
) -> None:
    async with open_sqlite(sqlite_file, lock_patience=0.1) as impatient:
        async with SqlAlchemyStore(sqlite_database).transaction():
            with pytest.raises(Unavailable):
                await add_account(impatient)
            with pytest.raises(Unavailable):
                await add_account_in_a_transaction(impatient)

        await add_account(impatient)
        await add_account_in_a_transaction(impatient)


async def test_the_settings_of_every_connection_are_ours(sqlite_database: SqliteDatabase) -> None:
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")

    rows = [await sqlite_database.fetch_one(Statement(text(f"PRAGMA {pragma}"))) for pragma in pragmas]

    assert [row and row[0] for row in rows] == ["wal", 2, 1, 15_000]


async def test_a_file_that_is_no_database_is_unavailable_not_a_surprise(damaged_file: Path) -> None:
    async with open_sqlite(damaged_file) as database:
        with pytest.raises(Unavailable):
            await find_account(database)


async def find_account(database: SqliteDatabase) -> object:
    return await SqlAlchemyStore(database).accounts.credentials_by_email(a_new_account().email)


async def add_account(database: SqliteDatabase) -> None:
    await SqlAlchemyStore(database).accounts.add(a_new_account())


async def add_account_in_a_transaction(database: SqliteDatabase, email: str = "waiting@example.com") -> None:
    async with SqlAlchemyStore(database).transaction() as tx:
        await tx.accounts.add(a_new_account(email))


async def test_what_goes_wrong_is_logged_without_what_was_to_be_stored(sqlite_database: SqliteDatabase) -> None:
    nowhere = Statement(text("INSERT INTO nowhere (email) VALUES (:email)"))

    with pytest.raises(Unavailable) as error:
        await sqlite_database.fetch_all(nowhere, email="secret@example.com")

    assert error.value.__cause__ is not None
    assert "secret@example.com" not in str(error.value.__cause__)


async def test_a_path_is_no_url(strangely_named_file: Path) -> None:
    async with open_sqlite(strangely_named_file) as database:
        assert await find_account(database) is None
