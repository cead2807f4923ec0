"""Pools of connections: who waits for one does so for a bounded time, and whoever gives up leaves it in order."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable
from contextlib import suppress
from typing import Any, cast

import asyncpg
import httpx
import pytest
from litestar import Litestar
from msgspec.structs import replace
from sqlalchemy import func, literal, select, text

from adapters.sqlalchemy.database import MAX_WAITING, Database, Statement
from adapters.sqlalchemy.postgresql import open_postgresql
from adapters.sqlalchemy.store import SqlAlchemyStore
from adapters.sqlalchemy.tables import AccountRow
from domain.concurrency.pool import PoolUsage
from domain.errors import Unavailable
from domain.store import Repositories
from entrypoints.http.middleware.deadlines import Deadlines
from tests.api import assert_problem
from tests.builders import a_new_account
from tests.clock import StandingClock
from tests.harness import PASSWORD, AlwaysSomebody, app_on, client_of, services_on
from tests.held_transactions import held_transaction
from tests.integration.conftest import DatabaseOpener
from tests.integration.processes import TIMEOUT

ONE = Statement(select(literal(1)))
EMAILS = Statement(select(AccountRow.email))
POOL_SIZE = 3

TEN_MILLISECONDS = Statement(
    select(func.pg_sleep(0.01)),
    sqlite=text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 50000) SELECT max(i) FROM n"),
)
"""A statement that takes about so long."""


@pytest.fixture
async def crowded(open_database: DatabaseOpener) -> AsyncGenerator[Database]:
    """A database of each kind with one connection, for which nobody waits for long."""
    async with open_database(pool_size=1, acquire_timeout=1) as database:
        yield database


@pytest.fixture
async def patient(open_database: DatabaseOpener) -> AsyncGenerator[Database]:
    """A database of each kind with one connection, for which everybody waits, however slow the machine is."""
    async with open_database(pool_size=1, acquire_timeout=TIMEOUT) as database:
        yield database


@pytest.fixture
async def small(committed_url: str) -> AsyncGenerator[Database]:
    """PostgreSQL with few connections."""
    async with open_postgresql(committed_url, pool_size=POOL_SIZE) as database:
        yield database


class TestFullPools:
    async def test_who_waits_too_long_for_a_connection_is_told_so(self, crowded: Database) -> None:
        async with held_transaction(crowded):
            with pytest.raises(Unavailable):
                await crowded.fetch_one(ONE)
            with pytest.raises(Unavailable):
                await crowded.fetch_all(ONE)
            with pytest.raises(Unavailable):
                await in_a_transaction(crowded)

        assert await crowded.fetch_one(ONE)

    async def test_who_waits_a_moment_gets_one(self, patient: Database) -> None:
        async with held_transaction(patient):
            waiting = asyncio.create_task(patient.fetch_one(ONE))
            await until_waiting(patient, 1)

        assert await waiting

    async def test_how_full_it_is_can_be_seen(self, patient: Database) -> None:
        await patient.fetch_one(ONE)
        before = patient.pool_usage()
        async with held_transaction(patient):
            waiting = [asyncio.create_task(patient.fetch_one(ONE)) for _ in range(2)]
            await until_waiting(patient, 2)
            meanwhile = patient.pool_usage()
        await asyncio.gather(*waiting)

        assert before == patient.pool_usage() == PoolUsage(limit=1, size=1, idle=1, waiting=0)
        assert meanwhile == PoolUsage(limit=1, size=1, idle=0, waiting=2)

    async def test_a_client_is_told_to_come_back(self, crowded: Database, clock: StandingClock) -> None:
        app = app_on(services_on(SqlAlchemyStore(crowded), now=clock))

        async with held_transaction(crowded), client_of(app) as client:
            response = await client.get("/posts")

        assert_problem(response, 503, "unavailable")
        assert int(response.headers["retry-after"]) > 0


class TestFloods:
    async def test_who_comes_when_too_many_wait_is_refused_at_once(self, patient: Database) -> None:
        async with held_transaction(patient):
            waiting = [asyncio.create_task(patient.fetch_one(ONE)) for _ in range(MAX_WAITING)]
            await until_waiting(patient, MAX_WAITING)
            with pytest.raises(Unavailable, match="Too many"):
                await patient.fetch_one(ONE)
            with pytest.raises(Unavailable, match="Too many"):
                await patient.fetch_all(ONE)
            with pytest.raises(Unavailable, match="Too many"):
                await in_a_transaction(patient)
            meanwhile = patient.pool_usage()
        served = await asyncio.gather(*waiting)

        assert meanwhile.waiting == MAX_WAITING
        assert [tuple(row or ()) for row in served] == [(1,)] * MAX_WAITING
        assert patient.pool_usage() == PoolUsage(limit=1, size=1, idle=1, waiting=0)

    async def test_who_gave_up_waiting_takes_nobodys_place(self, patient: Database) -> None:
        async with held_transaction(patient):
            waiting = [asyncio.create_task(patient.fetch_one(ONE)) for _ in range(MAX_WAITING)]
            await until_waiting(patient, MAX_WAITING)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            another = asyncio.create_task(patient.fetch_one(ONE))
            await until_waiting(patient, 1)

        assert await another
        assert patient.pool_usage() == PoolUsage(limit=1, size=1, idle=1, waiting=0)

    async def test_whoever_is_served_waits_for_those_before_and_whoever_is_refused_for_nobody(
        self, patient: Database
    ) -> None:
        finished = 0
        served: list[int] = []
        refused: list[int] = []

        async def arrive(number: int) -> None:
            nonlocal finished
            await asyncio.sleep(number / 1_000)
            before = finished
            try:
                await patient.fetch_one(TEN_MILLISECONDS)
            except Unavailable:
                refused.append(finished - before)
            else:
                served.append(finished - before)
                finished += 1

        await asyncio.gather(*(arrive(number) for number in range(2_000)))

        assert len(served) > MAX_WAITING
        assert max(served) <= MAX_WAITING + 1, "one is at work, and all other places are taken"
        assert set(refused) == {0}

    async def test_clients_are_served_or_told_to_come_back(self, patient: Database, clock: StandingClock) -> None:
        app = app_on(services_on(SqlAlchemyStore(patient), now=clock))

        async with client_of(app) as client:
            responses = await asyncio.gather(*(client.get("/posts") for _ in range(MAX_WAITING * 10)))

        # How many of each, and whether the turns or the pool refuse them, is the machine's business.
        refused = [response for response in responses if response.status_code != 200]
        assert 0 < len(refused) < len(responses)
        assert {response.status_code for response in refused} <= {429, 503}
        assert all(int(response.headers["retry-after"]) > 0 for response in refused)

    async def test_many_requests_with_one_new_token_fill_no_queue(
        self, patient: Database, clock: StandingClock
    ) -> None:
        services = services_on(SqlAlchemyStore(patient), now=clock)
        await services.accounts.register(email="ada@example.com", password=PASSWORD)
        pair = await services.sessions.log_in(email="ada@example.com", password=PASSWORD)
        headers = {"Authorization": f"Bearer {pair.access_token}"}

        async with client_of(app_on(services)) as client:
            responses = await asyncio.gather(*(client.get("/todos", headers=headers) for _ in range(4 * MAX_WAITING)))

        assert {response.status_code for response in responses} <= {200, 429}


class TestGivingUp:
    async def test_a_transaction_that_is_given_up_at_any_moment_is_done_wholly_or_not_at_all(
        self, small: Database, committed_url: str
    ) -> None:
        done: set[str] = set()
        await asyncio.gather(*(small.fetch_one(ONE) for _ in range(POOL_SIZE)))

        undisturbed = max([await seconds_of(add_twins(small, f"undisturbed {number}")) for number in range(5)])

        for number in range(200):
            with suppress(TimeoutError):
                async with asyncio.timeout(undisturbed * number / 100):
                    await add_twins(small, f"{number}")
                    done.add(f"{number}")

        twins = await names_of_twins(small)
        assert all(count == 2 for count in twins.values())
        assert 0 < len(done) < 200
        assert done <= set(twins)
        assert await states(committed_url) <= {"idle"}

    async def test_its_connection_goes_on_to_serve(self, small: Database) -> None:
        async def give_up(number: int) -> None:
            with suppress(TimeoutError):
                async with asyncio.timeout(number / 10_000):
                    await add_twins(small, f"given up {number}")

        await asyncio.gather(*(give_up(number) for number in range(POOL_SIZE * MAX_WAITING)))
        await asyncio.gather(*(add_twins(small, f"{number}") for number in range(POOL_SIZE * 3)))

        twins = await names_of_twins(small)
        assert {f"{number}" for number in range(POOL_SIZE * 3)} <= set(twins)
        assert set(twins.values()) == {2}
        assert small.pool_usage() == PoolUsage(limit=POOL_SIZE, size=POOL_SIZE, idle=POOL_SIZE, waiting=0)

    async def test_a_request_whose_time_is_up_loses_nothing_that_was_acknowledged(
        self, small: Database, committed_url: str, clock: StandingClock
    ) -> None:
        store = SqlAlchemyStore(small)
        services = replace(
            services_on(store, now=clock), authenticator=AlwaysSomebody(await store.accounts.add(a_new_account()))
        )
        app = app_on(services)
        statuses: dict[str, int] = {}

        async with app.lifespan():
            undisturbed = max([await seconds_of(ask(app, "undisturbed", seconds=TIMEOUT)) for _ in range(5)])
            for number in range(150):
                seconds = undisturbed * number / 75
                statuses[f"{number}"] = (await ask(app, f"{number}", seconds=seconds)).status_code
            found = await ask(app, "", seconds=60, method="GET")

        acknowledged = {title for title, status in statuses.items() if status == 201}
        assert set(statuses.values()) == {201, 503}
        assert acknowledged <= {todo["title"] for todo in found.json()["items"]}
        assert await states(committed_url) <= {"idle"}

    async def test_a_statement_that_the_server_is_slow_with_is_cancelled_there(
        self, small: Database, committed_url: str
    ) -> None:
        async def sleep(_: object, __: object, ___: object) -> None:
            await small.fetch_one(Statement(select(func.pg_sleep(60))))

        transport = httpx.ASGITransport(cast("Any", Deadlines(cast("Any", sleep), request_timeout=0.2)))
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            response = await client.get("/")

        assert (response.status_code, response.json()["code"]) == (503, "timed_out")
        assert await states(committed_url) <= {"idle"}
        assert await small.fetch_one(ONE)


async def until_waiting(database: Database, number: int) -> None:
    """Return when so many wait for a connection."""
    async with asyncio.timeout(TIMEOUT):
        while database.pool_usage().waiting != number:  # noqa: ASYNC110 - the pool tells nobody
            await asyncio.sleep(0)


async def seconds_of(work: Awaitable[object]) -> float:
    """Return how long it takes."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await work
    return loop.time() - began


async def in_a_transaction(database: Database) -> object:
    return await database.transaction(lambda connection: connection.fetch_one(ONE))


async def add_twins(database: Database, name: str) -> None:
    """Add two accounts, or none."""

    async def add(tx: Repositories) -> None:
        await tx.accounts.add(a_new_account(f"{name}@one.example"))
        await tx.accounts.add(a_new_account(f"{name}@other.example"))

    await SqlAlchemyStore(database).transaction(add)


async def names_of_twins(database: Database) -> Counter[str]:
    """Return how many accounts there are of each name."""
    return Counter(row[0].partition("@")[0] for row in await database.fetch_all(EMAILS))


async def ask(app: Litestar, title: str, *, seconds: float, method: str = "POST") -> httpx.Response:
    """Ask for something that may take so long."""
    transport = httpx.ASGITransport(cast("Any", Deadlines(app, request_timeout=seconds)))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://testserver", headers={"Authorization": "Bearer x"}
    ) as client:
        body = {"title": title} if method == "POST" else None
        return await client.request(method, "/todos" if body else "/todos?limit=200", json=body)


async def states(url: str) -> set[str]:
    """Return what the service's connections are in the middle of, when they have had a moment to finish."""
    connection = await asyncpg.connect(url)
    found: set[str] = set()
    for _ in range(100):
        rows = await connection.fetch(
            "SELECT DISTINCT state FROM pg_stat_activity "
            "WHERE application_name = 'todo-api' AND datname = current_database()"
        )
        found = {row["state"] for row in rows}
        if found <= {"idle"}:
            break
        await asyncio.sleep(0.02)
    await connection.close()
    return found
