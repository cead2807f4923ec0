"""Statements whose size a client chooses are stopped in time, and leave everything as it was."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import NoReturn

import asyncpg
import pytest
from sqlalchemy import literal, select, text

from adapters.sqlalchemy.database import QUERY_TIMEOUT, Connection, Database, Row, Statement
from adapters.sqlalchemy.postgresql import PostgresConnection, open_postgresql
from adapters.sqlalchemy.posts import SqlAlchemyPosts
from adapters.sqlalchemy.store import SqlAlchemyRepositories, SqlAlchemyStore
from adapters.sqlalchemy.todos import SqlAlchemyTodos
from domain.concurrency.pool import PoolUsage
from domain.errors import QueryTooExpensive, Unavailable
from domain.posts.model import PostPosition
from domain.todos.query import Position, TagQuery, TodoFilter, TodoQuery
from tests.builders import a_new_account, a_todo
from tests.clock import NOON
from tests.integration.conftest import DatabaseOpener

ONE = Statement(select(literal(1)))
FOR_EVER = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT 1 FROM n) SELECT count(*) FROM n")
STOPPED_SOON = Statement(FOR_EVER, timeout=0.2)
STOPPED_IN_AN_HOUR = Statement(FOR_EVER, timeout=3_600)
POOL_SIZE = 2
WHOLE = PoolUsage(limit=POOL_SIZE, size=POOL_SIZE, idle=POOL_SIZE, waiting=0)


@pytest.fixture
async def small(open_database: DatabaseOpener) -> AsyncGenerator[Database]:
    """A database of each kind with two connections, both of them open."""
    async with open_database(pool_size=POOL_SIZE, acquire_timeout=1) as database:
        await asyncio.gather(*(database.fetch_one(ONE) for _ in range(POOL_SIZE)))
        yield database


@asynccontextmanager
async def all_connections_taken(database: Database) -> AsyncGenerator[None]:
    """Leave no connection to anybody else; on SQLite only one transaction can be open at a time."""
    busy = [asyncio.create_task(database.fetch_one(STOPPED_IN_AN_HOUR)) for _ in range(POOL_SIZE)]
    await asyncio.sleep(0.1)
    try:
        yield
    finally:
        for task in busy:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)


class TestTimeouts:
    async def test_a_statement_that_would_run_for_ever_is_stopped(self, small: Database) -> None:
        with pytest.raises(QueryTooExpensive):
            await small.fetch_one(STOPPED_SOON)
        with pytest.raises(QueryTooExpensive):
            await small.fetch_all(STOPPED_SOON)

        assert await small.fetch_one(ONE)
        assert small.pool_usage() == WHOLE

    async def test_others_go_on_meanwhile(self, small: Database) -> None:
        expensive = asyncio.create_task(small.fetch_one(STOPPED_SOON))
        await asyncio.sleep(0.05)

        assert await small.fetch_one(ONE)
        assert not expensive.done()
        with pytest.raises(QueryTooExpensive):
            await expensive

    async def test_however_many_there_are_all_connections_serve_afterwards(self, open_database: DatabaseOpener) -> None:
        async with open_database(pool_size=POOL_SIZE, acquire_timeout=60) as patient:
            outcomes = await asyncio.gather(
                *(patient.fetch_all(STOPPED_SOON) for _ in range(POOL_SIZE * 4)), return_exceptions=True
            )

            assert {type(outcome) for outcome in outcomes} == {QueryTooExpensive}
            assert await asyncio.gather(*(patient.fetch_one(ONE) for _ in range(POOL_SIZE * 4)))
            assert patient.pool_usage() == WHOLE

    async def test_one_in_a_transaction_undoes_it(self, small: Database) -> None:
        async def add_and_ask(connection: Connection) -> None:
            await SqlAlchemyRepositories(connection).accounts.add(a_new_account())
            await connection.fetch_one(STOPPED_SOON)

        with pytest.raises(QueryTooExpensive):
            await small.transaction(add_and_ask)

        await SqlAlchemyStore(small).accounts.add(a_new_account())
        assert small.pool_usage() == WHOLE

    async def test_the_time_in_front_of_the_pool_does_not_count(self, small: Database) -> None:
        quick = Statement(select(literal(1)), timeout=0.2)
        async with all_connections_taken(small):
            waiting = asyncio.create_task(small.fetch_one(quick))
            await asyncio.sleep(0.5)

        assert await waiting

    async def test_one_that_nobody_waits_for_any_more_is_stopped_at_once(self, small: Database) -> None:
        async with asyncio.timeout(60):
            for _ in range(POOL_SIZE * 2):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await small.fetch_one(STOPPED_IN_AN_HOUR)

            assert await small.fetch_one(ONE)
        assert small.pool_usage() == WHOLE

    async def test_one_that_is_given_up_at_any_moment_leaves_its_connection_in_order(self, small: Database) -> None:
        for number in range(50):
            asking = asyncio.create_task(small.fetch_one(STOPPED_IN_AN_HOUR))
            await asyncio.sleep(number / 10_000)
            asking.cancel()
            with pytest.raises((asyncio.CancelledError, Unavailable)):  # PostgreSQL may hear of it too early
                await asking

        assert await asyncio.gather(*(small.fetch_one(ONE) for _ in range(POOL_SIZE * 4)))
        usage = small.pool_usage()
        assert (usage.idle, usage.waiting) == (usage.size, 0)


class TestServers:
    async def test_postgresql_does_not_go_on_with_it(self, committed_url: str) -> None:
        async with open_postgresql(committed_url) as database:
            with pytest.raises(QueryTooExpensive):
                await database.fetch_one(STOPPED_SOON)
            observer = await asyncpg.connect(committed_url)
            states = await observer.fetch("SELECT state FROM pg_stat_activity WHERE application_name = 'todo-api'")
            await observer.close()

        assert [row["state"] for row in states] == ["idle"]

    async def test_postgresql_ends_what_it_was_not_told_to_end(self, committed_database: Database) -> None:
        row = await committed_database.fetch_one(Statement(text("SHOW statement_timeout")))

        assert row is not None
        assert row[0] == "30s"

    @pytest.mark.parametrize("error", [TimeoutError(), asyncpg.InterfaceError("closed"), ConnectionResetError()])
    async def test_one_that_does_not_even_stop_a_statement_is_unavailable(self, error: Exception) -> None:
        connection = PostgresConnection(SilentDriver(error))

        for fetch in (connection.fetch_one, connection.fetch_all):
            with pytest.raises(Unavailable):
                await fetch(STOPPED_SOON)

    async def test_a_statement_without_a_timeout_of_its_own_is_not_to_blame(self) -> None:
        connection = PostgresConnection(SilentDriver(AssertionError("nothing more is asked")))

        with pytest.raises(Unavailable):
            await connection.fetch_one(ONE)


class SilentDriver:
    """A connection to a server that answers nothing: asyncpg says so when the time is up."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def fetchrow(self, _: str, *__: object, **___: object) -> NoReturn:
        raise TimeoutError

    async def fetch(self, _: str, *__: object, **___: object) -> NoReturn:
        raise TimeoutError

    async def execute(self, _: str, *__: object, **___: object) -> NoReturn:
        raise self._error


class Witness:
    """Passes statements on, and remembers them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.timeouts: set[float | None] = set()

    async def fetch_one(self, statement: Statement, /, **values: object) -> Row | None:
        self.timeouts.add(statement.timeout)
        return await self._database.fetch_one(statement, **values)

    async def fetch_all(self, statement: Statement, /, **values: object) -> Sequence[Row]:
        self.timeouts.add(statement.timeout)
        return await self._database.fetch_all(statement, **values)

    async def execute(self, statement: Statement, /, **values: object) -> int:
        self.timeouts.add(statement.timeout)
        return await self._database.execute(statement, **values)


class TestWhichStatements:
    async def test_what_a_client_chooses_the_size_of_has_a_timeout(self, store_database: Database) -> None:
        witness = Witness(store_database)
        todos, posts = SqlAlchemyTodos(witness), SqlAlchemyPosts(witness)
        where = TodoFilter(texts=("milk",), tags=("home",), done=False)

        await todos.find(TodoQuery(where=where), owner_id=1)
        await todos.find(TodoQuery(after=Position(NOON, 1)), owner_id=1)
        await todos.count(where, owner_id=1)
        await todos.tags(TagQuery(), owner_id=1)
        await posts.page(skip=0, limit=1)
        await posts.rest(PostPosition(created_time=NOON, id=1, left=1))
        await posts.count()

        assert witness.timeouts == {QUERY_TIMEOUT}

    async def test_what_writes_or_reads_one_thing_has_none(self, store_database: Database) -> None:
        account = await SqlAlchemyStore(store_database).accounts.add(a_new_account())
        witness = Witness(store_database)
        todos, posts = SqlAlchemyTodos(witness), SqlAlchemyPosts(witness)

        todo = await todos.add(a_todo(), owner_id=account.id)
        await todos.get(todo.id, owner_id=account.id)
        await todos.save(todo, owner_id=account.id, replacing=todo.version)
        await todos.remove(todo.id, owner_id=account.id)
        post = await posts.add("Hello", author_id=account.id, at=NOON)
        await posts.get(post.id)
        await posts.remove(post.id, author_id=account.id)

        assert witness.timeouts == {None}
