"""One client has no more under way than one client may, and is in nobody's way."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar, Request, get, post
from msgspec.structs import replace

from adapters.concurrency.caller_limiter import CallerConcurrencyLimiter
from adapters.concurrency.limiter import FairConcurrencyLimiter
from domain.concurrency.budget import Budget
from domain.concurrency.fair_queue import ConcurrencyLimits
from entrypoints.http.context import context_of
from entrypoints.http.middleware.concurrency_limit import ConcurrencyLimit
from entrypoints.http.middleware.request_bodies import RequestBodies
from entrypoints.http.middleware.request_context import RequestContexts
from entrypoints.http.problems import EXCEPTION_HANDLERS
from entrypoints.http.routes import public
from entrypoints.services import Services
from tests.api import assert_problem
from tests.harness import BASE_URL

HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"
MAX_BODY_SIZE = 100_000


class Gate:
    """Work that goes on until it is told to end."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def pass_through(self) -> None:
        """Wait until the gate is open."""
        self.reached.set()
        await self.opened.wait()


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def crowded(services: Services) -> Services:
    """Services of which one client may use one at a time, and nobody waits."""
    own, network = (
        FairConcurrencyLimiter(ConcurrencyLimits(per_key=limit, max_waiting=0), max_wait=0) for limit in (1, 2)
    )
    limiter = CallerConcurrencyLimiter(own=own, network=network)
    return replace(services, requests=limiter, bodies=Budget(MAX_BODY_SIZE, name="bytes of bodies"))


@pytest.fixture
def app(crowded: Services, gate: Gate) -> Litestar:
    @get("/work", opt=public())
    async def work() -> None:
        await gate.pass_through()

    @get("/health", opt=public(limits=None))
    async def health() -> str:
        return "well"

    @post("/parcels", opt=public(), status_code=200)
    async def parcels(request: Request[Any, Any, Any]) -> int:
        return len(context_of(request.scope).body)

    app = Litestar(
        [work, health, parcels],
        middleware=cast("Any", [RequestBodies, ConcurrencyLimit]),
        exception_handlers=EXCEPTION_HANDLERS,
        request_max_body_size=MAX_BODY_SIZE,
        openapi_config=None,
    )
    app.state.services = crowded
    app.asgi_handler = cast("Any", RequestContexts(cast("Any", app.asgi_handler)))
    return app


@pytest.fixture
def client_at(app: Litestar) -> Callable[[str], httpx.AsyncClient]:
    def client_at(address: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(cast("Any", app), client=(address, 1))
        return httpx.AsyncClient(transport=transport, base_url=BASE_URL)

    return client_at


@asynccontextmanager
async def at_work(client: httpx.AsyncClient, gate: Gate) -> AsyncGenerator[None]:
    """Have a request worked on as long as the block lasts."""
    request = asyncio.create_task(client.get("/work"))
    await gate.reached.wait()
    yield
    gate.opened.set()
    assert (await request).is_success


class Parcel:
    """A body that arrives in parts; the last one when it is told to."""

    def __init__(self, *parts: int) -> None:
        self._parts = parts
        self.has_begun = asyncio.Event()
        self.may_end = asyncio.Event()

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        for length in self._parts:
            yield bytes(length)
        self.has_begun.set()
        await self.may_end.wait()


async def on_its_way(client: httpx.AsyncClient, parcel: Parcel) -> "asyncio.Task[httpx.Response]":
    """Send a parcel, and return when all but its end has been taken."""
    request = asyncio.create_task(client.post("/parcels", content=parcel))
    await parcel.has_begun.wait()
    return request


async def test_one_client_too_busy_is_told_to_come_back(
    client_at: Callable[[str], httpx.AsyncClient], gate: Gate
) -> None:
    client = client_at(HERE)
    async with at_work(client, gate):
        response = await client.get("/work")

    assert_problem(response, 429, "too_many_concurrent_requests")
    assert response.headers["retry-after"] == "1"


async def test_others_do_not_wait_for_it(client_at: Callable[[str], httpx.AsyncClient], gate: Gate) -> None:
    async with at_work(client_at(HERE), gate):
        assert (await client_at(ELSEWHERE).post("/parcels", content=b"x")).is_success


async def test_what_is_not_limited_never_waits(client_at: Callable[[str], httpx.AsyncClient], gate: Gate) -> None:
    client = client_at(HERE)
    async with at_work(client, gate):
        assert (await client.get("/health")).is_success


async def test_a_turn_ends_with_an_error_too(client_at: Callable[[str], httpx.AsyncClient], crowded: Services) -> None:
    await client_at(HERE).get("/parcels/nothing")
    assert (await client_at(HERE).post("/parcels", content=bytes(MAX_BODY_SIZE + 1))).status_code == 413

    assert (crowded.requests.running, crowded.bodies.used) == (0, 0)


async def test_nobodys_turn_passes_while_a_body_arrives(client_at: Callable[[str], httpx.AsyncClient]) -> None:
    client, parcel = client_at(HERE), Parcel(10)
    sending = await on_its_way(client, parcel)

    assert (await client.post("/parcels", content=b"x")).is_success
    parcel.may_end.set()
    assert (await sending).json() == 10


async def test_bodies_that_arrive_have_a_bound_and_small_ones_still_do(
    client_at: Callable[[str], httpx.AsyncClient], crowded: Services
) -> None:
    large, more = Parcel(90_000, 1), Parcel(30_000, 1)
    first = await on_its_way(client_at(HERE), large)
    refused = await client_at(ELSEWHERE).post("/parcels", content=more)
    small = await client_at(ELSEWHERE).post("/parcels", content=ended(1_000, 1_000))

    assert_problem(refused, 503, "overloaded")
    assert small.json() == 2_000
    large.may_end.set()
    assert (await first).json() == 90_001
    assert crowded.bodies.used == 0


def ended(*parts: int) -> Parcel:
    """Return a parcel that comes to its end."""
    parcel = Parcel(*parts)
    parcel.may_end.set()
    return parcel


async def test_a_body_that_comes_in_parts_is_put_together(client_at: Callable[[str], httpx.AsyncClient]) -> None:
    assert (await client_at(HERE).post("/parcels", content=ended(5_000, 0, 7_000))).json() == 12_000


@pytest.mark.parametrize("length", [MAX_BODY_SIZE + 1, 10**30])
async def test_a_body_that_says_it_is_too_large_is_not_read(
    client_at: Callable[[str], httpx.AsyncClient], length: int
) -> None:
    parcel = ended(1)
    response = await client_at(HERE).post("/parcels", content=parcel, headers={"content-length": str(length)})

    assert_problem(response, 413, "body_too_large")


async def test_a_body_that_gets_too_large_is_refused(client_at: Callable[[str], httpx.AsyncClient]) -> None:
    assert_problem(await client_at(HERE).post("/parcels", content=ended(MAX_BODY_SIZE, 1)), 413, "body_too_large")
