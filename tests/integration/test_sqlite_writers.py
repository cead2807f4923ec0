"""Many that change an SQLite file at once: one transaction for all of them, and each as if it were alone."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from adapters.sqlalchemy.database import Statement
from adapters.sqlalchemy.sqlite import SqliteDatabase, open_sqlite
from adapters.sqlalchemy.sqlite_writers import MAX_GROUP
from adapters.sqlalchemy.store import SqlAlchemyStore
from domain.errors import EmailTaken, Unavailable
from domain.store import Repositories
from tests.builders import a_new_account
from tests.held_transactions import held_transaction

ROLLBACK = Statement(text("ROLLBACK"))
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
