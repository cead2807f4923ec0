"""What only PostgreSQL's driver and its pool can do wrong: broken connections, and transactions left open."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

import asyncpg
import pytest
from sqlalchemy import func, insert, literal, select

from adapters.sqlalchemy.database import Connection, Statement, Unavailable, UniqueViolation
from adapters.sqlalchemy.postgresql import PostgresDatabase, open_postgresql
from adapters.sqlalchemy.tables import AccountRow
from tests.clock import NOON

ONE = Statement(select(literal(1)))
SLEEP = Statement(select(func.pg_sleep(60)))
ADD_ACCOUNT = Statement(
    insert(AccountRow)
    .values(email="nobody@example.com", password_hash="", time_zone="UTC", created_at=NOON, updated_at=NOON, version=1)
    .returning(AccountRow.id)
)
COUNT_ACCOUNTS = Statement(select(func.count()).select_from(AccountRow))
MORE_THAN_THE_POOL_HAS = 12
_OURS = "FROM pg_stat_activity WHERE application_name = 'todo-api' AND datname = current_database()"


class Observer:
    """Another connection to the same database, which looks on and interferes."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    async def terminate_all(self) -> int:
        """End the service's connections as an administrator may do, and return how many there were."""
        return await self._connection.fetchval(f"SELECT count(pg_terminate_backend(pid, 5000)) {_OURS}")

    async def states(self) -> set[str]:
        """Return what the service's connections are in the middle of, when it has had a moment to finish."""
        states: set[str] = set()
        for _ in range(50):
            states = {row["state"] for row in await self._connection.fetch(f"SELECT DISTINCT state {_OURS}")}
            if states <= {"idle"}:
                break
            await asyncio.sleep(0.02)
        return states


@pytest.fixture
async def observer(committed_url: str) -> AsyncGenerator[Observer]:
    """Looks on."""
    connection = await asyncpg.connect(committed_url)
    yield Observer(connection)
    await connection.close()


class TestConnections:
    @pytest.mark.usefixtures("postgresql_server")  # the right to connect
    async def test_a_server_that_is_not_there_is_unavailable(self) -> None:
        async with open_postgresql("postgresql://127.0.0.1:1/todo") as database:
            with pytest.raises(Unavailable, match="cannot be reached"):
                await database.fetch_one(ONE)
            with pytest.raises(Unavailable, match="cannot be reached"):
                await database.fetch_all(ONE)
            with pytest.raises(Unavailable, match="cannot be reached"):
                await commit(database)

    async def test_the_pool_recovers_after_its_connections_were_terminated(
        self, committed_database: PostgresDatabase, observer: Observer
    ) -> None:
        await asyncio.gather(*(committed_database.fetch_one(ONE) for _ in range(MORE_THAN_THE_POOL_HAS)))

        terminated = await observer.terminate_all()
        for _ in range(terminated):  # each may be found to be broken once, if that was not noticed before
            with suppress(Unavailable):
                await committed_database.fetch_one(ONE)

        assert terminated > 1
        results = await asyncio.gather(*(committed_database.fetch_one(ONE) for _ in range(MORE_THAN_THE_POOL_HAS)))
        assert [tuple(row or ()) for row in results] == [(1,)] * MORE_THAN_THE_POOL_HAS

    async def test_those_at_hand_go_back_now_and_then_and_the_pool_closes_them(
        self, committed_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("adapters.sqlalchemy.postgresql._RETURN_INTERVAL", 0.05)
        closing = partial(asyncpg.create_pool, max_inactive_connection_lifetime=0.05)
        monkeypatch.setattr(asyncpg, "create_pool", closing)
        async with open_postgresql(committed_url) as database, asyncio.timeout(10):
            await database.fetch_one(ONE)
            while database.pool_usage().size:  # noqa: ASYNC110 - the pool tells nobody
                await asyncio.sleep(0.02)

            assert await database.fetch_one(ONE)

    async def test_a_statement_whose_connection_is_terminated_is_unavailable(
        self, committed_database: PostgresDatabase, observer: Observer
    ) -> None:
        sleeping = asyncio.create_task(committed_database.fetch_one(SLEEP))
        await asyncio.sleep(0.2)

        assert await observer.terminate_all() == 1

        with pytest.raises(Unavailable):
            await sleeping
        assert await committed_database.fetch_one(ONE)

    async def test_statements_at_the_moment_of_a_termination_work_or_are_unavailable(
        self, committed_database: PostgresDatabase, observer: Observer
    ) -> None:
        outcomes: list[object] = []

        async def keep_asking() -> None:
            for _ in range(50):
                try:
                    outcomes.append(await committed_database.fetch_one(ONE))
                except Unavailable as error:
                    outcomes.append(error)

        asking = asyncio.gather(*(keep_asking() for _ in range(4)))
        while not asking.done():
            await observer.terminate_all()
        await asking

        assert len(outcomes) == 4 * 50

    async def test_a_transaction_whose_connection_is_terminated_is_unavailable_and_undone(
        self, committed_database: PostgresDatabase, observer: Observer
    ) -> None:
        async def add_and_lose_the_connection(connection: Connection) -> None:
            await connection.fetch_one(ADD_ACCOUNT)
            await observer.terminate_all()

        with pytest.raises(Unavailable):
            await committed_database.transaction(add_and_lose_the_connection)

        assert tuple(await committed_database.fetch_one(COUNT_ACCOUNTS) or ()) == (0,)


class TestTransactions:
    async def test_one_that_raises_gives_its_connection_back(
        self, committed_database: PostgresDatabase, observer: Observer
    ) -> None:
        await commit(committed_database)

        for _ in range(MORE_THAN_THE_POOL_HAS):
            with pytest.raises(UniqueViolation):
                await commit(committed_database)

        assert await observer.states() <= {"idle"}
        assert tuple(await committed_database.fetch_one(COUNT_ACCOUNTS) or ()) == (1,)

    async def test_one_that_is_cancelled_is_undone_and_not_left_open(
        self, committed_database: PostgresDatabase, observer: Observer
    ) -> None:
        async def add_and_wait(connection: Connection) -> None:
            await connection.fetch_one(ADD_ACCOUNT)
            await asyncio.sleep(60)

        for _ in range(MORE_THAN_THE_POOL_HAS):
            await cancelled_in_the_middle(committed_database.transaction(add_and_wait))

        assert await observer.states() <= {"idle"}
        assert tuple(await committed_database.fetch_one(COUNT_ACCOUNTS) or ()) == (0,)

    async def test_one_that_is_cancelled_in_a_statement_is_not_left_open_either(
        self, committed_database: PostgresDatabase, observer: Observer
    ) -> None:
        async def add_and_sleep(connection: Connection) -> None:
            await connection.fetch_one(ADD_ACCOUNT)
            await connection.fetch_one(SLEEP)

        await cancelled_in_the_middle(committed_database.transaction(add_and_sleep))

        assert await observer.states() <= {"idle"}
        assert tuple(await committed_database.fetch_one(COUNT_ACCOUNTS) or ()) == (0,)

    async def test_a_single_statement_can_be_cancelled(
        self, committed_database: PostgresDatabase, observer: Observer
    ) -> None:
        await cancelled_in_the_middle(committed_database.fetch_one(SLEEP))

        assert await observer.states() <= {"idle"}
        assert await committed_database.fetch_one(ONE)


async def commit(database: PostgresDatabase) -> None:
    """Add the account in a transaction."""
    await database.transaction(lambda connection: connection.fetch_one(ADD_ACCOUNT))


async def cancelled_in_the_middle(work: Coroutine[Any, Any, object]) -> None:
    """Begin something that takes long, and cancel it."""
    task = asyncio.create_task(work)
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
