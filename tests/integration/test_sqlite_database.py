"""What only SQLite's driver can do wrong: one writer at a time, and threads that go on when a task is cancelled."""

import asyncio
import itertools
import shutil
import sqlite3
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from adapters.sqlalchemy.database import Connection, Statement
from adapters.sqlalchemy.sqlite import ACQUIRE_TIMEOUT, LOCK_TIMEOUT, SqliteDatabase, open_sqlite
from adapters.sqlalchemy.sqlite_thread import Job
from adapters.sqlalchemy.store import SqlAlchemyRepositories, SqlAlchemyStore
from domain.accounts.model import NewAccount
from domain.errors import Unavailable
from domain.store import Repositories
from entrypoints.settings import Settings
from tests.builders import a_new_account
from tests.held_transactions import held_transaction

MANY_ROWS = Statement(
    text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 400000) SELECT i FROM n ORDER BY -i")
)

HUNG = 60
"""Seconds after which what should have ended has not; longer than anybody waits for a lock or a connection."""


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
    async with held_transaction(sqlite_database, adding(a_new_account())):
        found = await asyncio.wait_for(find_account(other_database), timeout=HUNG)

    assert found is None
    assert await find_account(other_database) is not None


async def test_a_transaction_that_reads_first_can_still_write(
    sqlite_database: SqliteDatabase, other_database: SqliteDatabase
) -> None:
    has_read, is_to_write = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    async def read_and_write(tx: Repositories) -> None:
        assert await tx.accounts.credentials_by_email("first@example.com") is None
        loop.call_soon_threadsafe(has_read.set)
        is_to_write.wait()
        await tx.accounts.add(a_new_account("first@example.com"))

    first = asyncio.create_task(SqlAlchemyStore(sqlite_database).transaction(read_and_write))
    await has_read.wait()
    waiting = asyncio.create_task(add_account(other_database))
    await asyncio.sleep(0.1)
    is_to_write.set()
    await asyncio.gather(first, waiting)

    assert await find_account(sqlite_database) is not None


async def test_a_transaction_that_is_cancelled_is_undone_and_lets_others_write(
    sqlite_database: SqliteDatabase, other_database: SqliteDatabase
) -> None:
    has_added, is_to_return = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    async def add_and_wait(tx: Repositories) -> None:
        await tx.accounts.add(a_new_account())
        loop.call_soon_threadsafe(has_added.set)
        is_to_return.wait()

    writing = asyncio.create_task(SqlAlchemyStore(sqlite_database).transaction(add_and_wait))
    await has_added.wait()
    writing.cancel()
    await asyncio.sleep(0)
    is_to_return.set()
    with pytest.raises(asyncio.CancelledError):
        await writing

    assert await find_account(other_database) is None
    await add_account(other_database)


@pytest.mark.parametrize("time", [0.0, 0.001, 0.01, 0.1])
async def test_a_writer_that_is_cancelled_while_it_waits_does_not_keep_the_lock(
    sqlite_database: SqliteDatabase, other_database: SqliteDatabase, time: float
) -> None:
    async with held_transaction(sqlite_database, adding(a_new_account("first@example.com"))):
        waiting = asyncio.create_task(add_account_in_a_transaction(other_database))
        await asyncio.sleep(time)
        waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    await asyncio.wait_for(add_account(sqlite_database), timeout=HUNG)
    await asyncio.wait_for(add_account_in_a_transaction(other_database, "other@example.com"), timeout=HUNG)


@pytest.mark.parametrize("time", [0.0, 0.001, 0.01, 0.1])
async def test_single_statements_that_are_cancelled_while_they_wait_do_not_keep_the_lock_either(
    sqlite_database: SqliteDatabase, other_database: SqliteDatabase, time: float
) -> None:
    async with held_transaction(sqlite_database, adding(a_new_account("first@example.com"))):
        waiting = [asyncio.create_task(add_account(other_database, f"{number}@example.com")) for number in range(3)]
        await asyncio.sleep(time)
        for task in waiting:
            task.cancel()
        await asyncio.sleep(0.1)
    outcomes = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), timeout=HUNG)

    assert {type(outcome) for outcome in outcomes} == {asyncio.CancelledError}
    await asyncio.wait_for(add_account(sqlite_database), timeout=HUNG)
    await asyncio.wait_for(add_account(other_database, "other@example.com"), timeout=HUNG)


async def test_a_change_that_is_cancelled_while_it_waits_for_another_process_is_not_made_after_that_is_said(
    sqlite_database: SqliteDatabase, other_database: SqliteDatabase
) -> None:
    async with held_transaction(sqlite_database):
        waiting = asyncio.create_task(add_account(other_database))
        await asyncio.sleep(0.1)
        waiting.cancel()
        await asyncio.sleep(0.1)
        waiting.cancel()
        was_done = waiting.done()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert not was_done
    assert await find_account(sqlite_database) is None


async def test_a_statement_that_is_cancelled_and_fails_is_cancelled(
    sqlite_database: SqliteDatabase, sqlite_file: Path
) -> None:
    async with open_sqlite(sqlite_file, lock_timeout=0.3) as impatient:
        async with held_transaction(sqlite_database):
            waiting = asyncio.create_task(add_account(impatient))
            await asyncio.sleep(0.1)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting

        await add_account(impatient)


@pytest.mark.parametrize("time", [0.001, 0.01, 0.05, 0.1])
async def test_a_read_that_is_cancelled_does_not_keep_its_connection_in_the_past(
    sqlite_database: SqliteDatabase, sqlite_file: Path, time: float
) -> None:
    async with open_sqlite(sqlite_file, pool_size=1) as database:
        for read in (
            database.fetch_all(MANY_ROWS),
            database.transaction(lambda connection: connection.fetch_all(MANY_ROWS)),
        ):
            reading = asyncio.ensure_future(read)
            await asyncio.sleep(time)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
        await add_account(sqlite_database)

        assert await find_account(database) is not None
        await add_account(database, "other@example.com")


async def test_who_gives_up_while_there_is_no_connection_gives_up_at_once(sqlite_file: Path) -> None:
    async with open_sqlite(sqlite_file, pool_size=1) as database, asyncio.timeout(HUNG):
        async with held_transaction(database):
            waiting = asyncio.create_task(add_account(database))
            await asyncio.sleep(0.1)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting

        assert await find_account(database) is None


def test_a_request_can_wait_for_its_turn_a_connection_and_the_lock_in_its_time() -> None:
    assert Settings().request_timeout > ACQUIRE_TIMEOUT + ACQUIRE_TIMEOUT + LOCK_TIMEOUT


async def test_a_writer_that_waits_for_too_long_is_unavailable(
    sqlite_database: SqliteDatabase, sqlite_file: Path
) -> None:
    async with open_sqlite(sqlite_file, lock_timeout=0.1) as impatient:
        async with held_transaction(sqlite_database):
            with pytest.raises(Unavailable):
                await add_account(impatient)
            with pytest.raises(Unavailable):
                await add_account_in_a_transaction(impatient)

        await add_account(impatient)
        await add_account_in_a_transaction(impatient)


async def test_writers_are_served_in_the_order_in_which_they_came(sqlite_database: SqliteDatabase) -> None:
    names = [f"{number}@example.com" for number in range(30)]

    async with held_transaction(sqlite_database):
        adding = [
            asyncio.create_task(add(sqlite_database, name))
            for name, add in zip(names, itertools.cycle((add_account, add_account_in_a_transaction)))
        ]
        await asyncio.sleep(0.1)
    await asyncio.gather(*adding)

    rows = await sqlite_database.fetch_all(Statement(text("SELECT email FROM accounts ORDER BY id")))
    assert [row[0] for row in rows] == names


async def test_writers_leave_the_other_connections_to_readers(sqlite_file: Path) -> None:
    async with open_sqlite(sqlite_file, pool_size=2) as database, asyncio.timeout(HUNG):
        async with held_transaction(database):
            adding = [asyncio.create_task(add_account(database, f"{number}@example.com")) for number in range(10)]
            await asyncio.sleep(0.1)

            assert await find_account(database) is None
        await asyncio.gather(*adding)


async def test_a_change_goes_to_its_thread_once_however_many_statements_it_has(
    sqlite_database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs: list[object] = []
    do = Job[Any].do

    def count(job: Job[Any], connection: sqlite3.Connection) -> None:
        jobs.append(job)
        do(job, connection)

    async def add_three(tx: Repositories) -> None:
        for number in range(3):
            await tx.accounts.add(a_new_account(f"{number}@example.com"))

    monkeypatch.setattr(Job, "do", count)
    await SqlAlchemyStore(sqlite_database).transaction(add_three)

    assert len(jobs) == 1


async def test_a_transaction_that_awaits_something_else_is_undone_and_keeps_nobody_waiting(
    sqlite_database: SqliteDatabase,
) -> None:
    async def add_and_sleep(tx: Repositories) -> None:
        await tx.accounts.add(a_new_account())
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="awaits nothing but its own statements"):
        await SqlAlchemyStore(sqlite_database).transaction(add_and_sleep)

    assert await find_account(sqlite_database) is None
    await add_account(sqlite_database)


async def test_a_connection_that_could_not_be_made_is_made_when_it_can_be(tmp_path: Path, sqlite_file: Path) -> None:
    missing = tmp_path / "missing" / "todo.sqlite3"
    async with open_sqlite(missing, pool_size=1) as database:
        with pytest.raises(Unavailable):
            await find_account(database)
        missing.parent.mkdir()
        shutil.copy(sqlite_file, missing)

        assert await find_account(database) is None


async def test_the_settings_of_every_connection_are_ours(sqlite_database: SqliteDatabase) -> None:
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")

    rows = [await sqlite_database.fetch_one(Statement(text(f"PRAGMA {pragma}"))) for pragma in pragmas]

    assert [row and row[0] for row in rows] == ["wal", 2, 1, LOCK_TIMEOUT * 1_000]


async def test_a_file_that_is_no_database_is_unavailable_not_a_surprise(damaged_file: Path) -> None:
    async with open_sqlite(damaged_file) as database:
        with pytest.raises(Unavailable):
            await find_account(database)


async def find_account(database: SqliteDatabase) -> object:
    return await SqlAlchemyStore(database).accounts.credentials_by_email(a_new_account().email)


async def add_account(database: SqliteDatabase, email: str = "grace@example.com") -> None:
    await SqlAlchemyStore(database).accounts.add(a_new_account(email))


async def add_account_in_a_transaction(database: SqliteDatabase, email: str = "waiting@example.com") -> None:
    await SqlAlchemyStore(database).transaction(lambda tx: tx.accounts.add(a_new_account(email)))


def adding(account: NewAccount) -> Callable[[Connection], Awaitable[object]]:
    """Return what adds an account in a transaction."""
    return lambda connection: SqlAlchemyRepositories(connection).accounts.add(account)


async def test_what_goes_wrong_is_logged_without_what_was_to_be_stored(sqlite_database: SqliteDatabase) -> None:
    nowhere = Statement(text("INSERT INTO nowhere (email) VALUES (:email)"))

    with pytest.raises(Unavailable) as error:
        await sqlite_database.fetch_all(nowhere, email="secret@example.com")

    assert error.value.__cause__ is not None
    assert "secret@example.com" not in str(error.value.__cause__)


async def test_a_path_is_no_url(strangely_named_file: Path) -> None:
    async with open_sqlite(strangely_named_file) as database:
        assert await find_account(database) is None
