"""Many that change an SQLite file at once: one transaction for all of them, and each as if it were alone."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, text

from adapters.sqlalchemy.database import FULL, Statement, Unwritable
from adapters.sqlalchemy.sqlite import SqliteDatabase, open_sqlite
from adapters.sqlalchemy.sqlite_writers import MAX_GROUP
from adapters.sqlalchemy.store import SqlAlchemyStore
from adapters.sqlalchemy.tables import AccountRow
from domain.errors import EmailTaken, Unavailable
from domain.store import Repositories
from tests.builders import a_new_account
from tests.held_transactions import held_transaction

ROLLBACK = Statement(text("ROLLBACK"))
REMOVE_NOTHING = Statement(delete(AccountRow).where(AccountRow.id == 4711))
EMAILS = Statement(text("SELECT email FROM accounts ORDER BY id"))


class ChangedMyMindError(Exception):
    """What goes wrong in a transaction."""


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whatever SQLite is told from now on."""
    told: list[str] = []
    connect = sqlite3.connect

    def connect_and_listen(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.set_trace_callback(told.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect_and_listen)
    return told


@pytest.fixture
async def database(statements: list[str], sqlite_file: Path) -> AsyncGenerator[SqliteDatabase]:
    """An SQLite file of which ``statements`` hears."""
    async with open_sqlite(sqlite_file) as database:
        await database.fetch_all(EMAILS)
        statements.clear()
        yield database


@pytest.fixture
def damaged_file(sqlite_file: Path) -> Path:
    """A file in which there is something else."""
    sqlite_file.write_bytes(b"This is no database. " * 500)
    return sqlite_file


async def test_those_that_wait_share_a_transaction(database: SqliteDatabase, statements: list[str]) -> None:
    names = [f"{number}@example.com" for number in range(20)]

    outcomes = await all_at_once(database, [adding(name) for name in names])

    assert [type(outcome).__name__ for outcome in outcomes] == ["Account"] * 20
    assert await emails(database) == names
    assert statements.count("COMMIT") == 2, "one for the transaction that was waited for, and one for all the others"


async def test_no_more_than_others_can_wait_for_share_one(database: SqliteDatabase, statements: list[str]) -> None:
    many = [adding(f"{number}@example.com") for number in range(MAX_GROUP + 1)]

    await all_at_once(database, many)

    assert len(await emails(database)) == MAX_GROUP + 1
    assert statements.count("COMMIT") == 3


async def test_one_that_fails_fails_alone(database: SqliteDatabase) -> None:
    async def add_two_of_one_name(tx: Repositories) -> None:
        await adding("undone@example.com")(tx)
        await adding("before@example.com")(tx)

    async def add_and_change_my_mind(tx: Repositories) -> None:
        await adding("undone, too@example.com")(tx)
        raise ChangedMyMindError

    works = [adding("before@example.com"), add_two_of_one_name, add_and_change_my_mind, adding("after@example.com")]
    outcomes = await all_at_once(database, works)

    assert [type(outcome) for outcome in outcomes[1:3]] == [EmailTaken, ChangedMyMindError]
    assert await emails(database) == ["before@example.com", "after@example.com"]


async def test_one_that_ends_the_transaction_of_all_ends_its_own_only(database: SqliteDatabase) -> None:
    async with held_transaction(database):
        before = asyncio.create_task(SqlAlchemyStore(database).transaction(adding("before@example.com")))
        await asyncio.sleep(0)
        ending = asyncio.create_task(database.transaction(lambda connection: connection.execute(ROLLBACK)))
        await asyncio.sleep(0)  # as a full disk does
        after = asyncio.create_task(SqlAlchemyStore(database).transaction(adding("after@example.com")))
        await asyncio.sleep(0)
    outcomes = await asyncio.gather(before, ending, after, return_exceptions=True)

    assert isinstance(outcomes[1], Unavailable)
    assert await emails(database) == ["before@example.com", "after@example.com"]


async def test_one_that_is_given_up_before_its_turn_changes_nothing(database: SqliteDatabase) -> None:
    names = [f"{number}@example.com" for number in range(3)]

    async with held_transaction(database):
        waiting = [asyncio.create_task(SqlAlchemyStore(database).transaction(adding(name))) for name in names]
        await asyncio.sleep(0.1)
        waiting[1].cancel()
        await asyncio.wait((waiting[1],))
        was_waiting = not waiting[0].done()
    await asyncio.gather(*waiting, return_exceptions=True)

    assert was_waiting
    assert await emails(database) == [names[0], names[2]]


def adding(email: str) -> Callable[[Repositories], Awaitable[object]]:
    """Return what adds an account in a transaction."""
    return lambda tx: tx.accounts.add(a_new_account(email))


async def all_at_once(
    database: SqliteDatabase, works: list[Callable[[Repositories], Awaitable[object]]]
) -> list[object]:
    """Let all of these wait for one transaction; return their outcomes when that and they are over."""
    async with held_transaction(database):
        waiting = [asyncio.create_task(SqlAlchemyStore(database).transaction(work)) for work in works]
        await asyncio.sleep(0.1)
    return list(await asyncio.gather(*waiting, return_exceptions=True))


async def emails(database: SqliteDatabase) -> list[object]:
    """Return the addresses of all accounts, in the order in which they were added."""
    return [row[0] for row in await database.fetch_all(EMAILS)]


async def test_those_that_cannot_begin_are_told_together(sqlite_file: Path) -> None:
    async with open_sqlite(sqlite_file, lock_timeout=0.3) as database, open_sqlite(sqlite_file) as other:
        await database.fetch_all(EMAILS)
        async with held_transaction(other):
            first = asyncio.create_task(SqlAlchemyStore(database).transaction(adding("first@example.com")))
            await asyncio.sleep(0.1)
            others = [
                asyncio.create_task(SqlAlchemyStore(database).transaction(adding(f"{number}@example.com")))
                for number in range(60)
            ]
            async with asyncio.timeout(15):  # one after the other, they would need 18 seconds
                outcomes = await asyncio.gather(first, *others, return_exceptions=True)

        assert {type(outcome) for outcome in outcomes} == {Unavailable}
        assert await emails(database) == []


async def test_no_file_is_opened_beside_the_database(database: SqliteDatabase, statements: list[str]) -> None:
    outcomes = await all_at_once(database, [adding("a@example.com"), adding("a@example.com"), adding("b@example.com")])

    assert isinstance(outcomes[1], EmailTaken)
    assert not [statement for statement in statements if "SAVEPOINT" in statement]


async def test_closing_can_be_given_up_and_stops_nobody(sqlite_file: Path) -> None:
    async with open_sqlite(sqlite_file) as database, open_sqlite(sqlite_file) as other:
        async with held_transaction(other):
            writing = asyncio.create_task(SqlAlchemyStore(database).transaction(adding("a@example.com")))
            await asyncio.sleep(0.05)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await database.close()
        await asyncio.wait_for(writing, timeout=60)

        assert await emails(other) == ["a@example.com"]


async def test_everybody_can_be_cancelled_as_at_the_end_of_a_loop(sqlite_file: Path) -> None:
    async with open_sqlite(sqlite_file) as database, open_sqlite(sqlite_file) as other:
        async with held_transaction(other):
            before = asyncio.all_tasks()
            adding_two = [
                asyncio.create_task(SqlAlchemyStore(database).transaction(adding(f"{number}@example.com")))
                for number in range(2)
            ]
            await asyncio.sleep(0.05)
            for task in asyncio.all_tasks() - before:  # those of the writers, and what commits for them
                task.cancel()
        outcomes = await asyncio.wait_for(asyncio.gather(*adding_two, return_exceptions=True), timeout=60)

        assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * 2
        assert await emails(other) == []


async def test_a_read_that_comes_too_late_is_told_so(sqlite_file: Path) -> None:
    async with open_sqlite(sqlite_file, pool_size=1) as database:
        holding = held_transaction(database)
        await holding.__aenter__()
        waiting = asyncio.create_task(database.fetch_all(EMAILS))
        await asyncio.sleep(0.05)
        closing = asyncio.create_task(database.close())
        await asyncio.sleep(0.05)
        await holding.__aexit__(None, None, None)
        await closing

    with pytest.raises(Unavailable, match="closed"):
        await database.fetch_all(EMAILS)
    [outcome] = await asyncio.wait_for(asyncio.gather(waiting, return_exceptions=True), timeout=60)
    assert outcome == [] or isinstance(outcome, Unavailable), "in time or too late"


async def test_a_thread_that_cannot_be_started_keeps_no_place(
    sqlite_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise RuntimeError("can't start new thread")

    async with open_sqlite(sqlite_file, pool_size=2, acquire_timeout=1) as database:
        with monkeypatch.context() as patch:
            patch.setattr("adapters.sqlalchemy.sqlite_thread.Thread.start", refuse)
            for _ in range(3):
                with pytest.raises(Unavailable):
                    await database.fetch_all(EMAILS)

        assert await database.fetch_all(EMAILS) == []


async def test_a_change_that_changes_nothing_does_not_say_that_the_disk_has_room(database: SqliteDatabase) -> None:
    health = database._health  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - a full disk is hard to come by
    health.met(Unwritable(FULL))

    await database.execute(REMOVE_NOTHING)
    before = database.notices()
    await SqlAlchemyStore(database).transaction(adding("a@example.com"))

    assert (before, database.notices()) == ([FULL], [])


async def test_a_file_that_is_no_database_leaves_no_connection_open(damaged_file: Path) -> None:
    async with open_sqlite(damaged_file, pool_size=1) as database:
        for _ in range(5):
            with pytest.raises(Unavailable):
                await database.fetch_all(EMAILS)

        assert str(damaged_file) not in open_files()


def open_files() -> list[str]:
    """Return the names of all files that this process has open."""
    links = Path("/proc/self/fd").iterdir()
    return [str(link.readlink()) for link in links if link.is_symlink()]
