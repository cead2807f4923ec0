"""Each request is measured once, however it ends, and told without what clients make up."""

import asyncio
from collections.abc import Generator
from contextlib import suppress
from time import perf_counter
from typing import Any

import httpx
import pytest
import structlog
from litestar import Litestar
from msgspec.structs import replace

from domain.errors import Unavailable
from entrypoints.http.access_log import AccessLog
from entrypoints.http.middleware.observation import CLIENT_CLOSED_REQUEST, UNMATCHED, Observation, ObservedRequest
from entrypoints.http.middleware.request_context import RequestContexts
from entrypoints.services import Services
from entrypoints.settings import Settings
from tests.api import create_todo, sign_in
from tests.harness import client_of, new_app_on
from tests.log_capture import PRODUCTION, Log, configured
from tests.raw_http import raw_request

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACE_PARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"


class Counted:
    """How many requests are in flight, now and at the most."""

    def __init__(self) -> None:
        self.now = self.most = 0

    def inc(self) -> None:
        self.now += 1
        self.most = max(self.most, self.now)

    def dec(self) -> None:
        self.now -= 1


def a_scope(**changes: Any) -> dict[str, Any]:
    return {
        "type": "http", "method": "GET", "path": "/x", "headers": [], "client": ("203.0.113.9", 1), **changes,
    }  # fmt: skip


async def nothing(*_: Any) -> Any:
    return {"type": "http.disconnect"}


async def observed(app: Any, **scope: Any) -> ObservedRequest:
    """Return what is told of a request to an application."""
    told: list[ObservedRequest] = []
    in_flight = Counted()
    with suppress(ValueError, asyncio.CancelledError):
        await RequestContexts(Observation(app, [told.append], in_flight=in_flight))(a_scope(**scope), nothing, nothing)  # type: ignore[arg-type]
    assert (in_flight.now, in_flight.most) == (0, 1)
    (request,) = told
    return request


def answering(status: int, error: BaseException | None = None) -> Any:
    async def app(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        if error is not None:
            raise error
        await send({"type": "http.response.body", "body": b""})

    return app


async def test_an_answer_is_told_with_its_status_and_how_long_it_took() -> None:
    began = perf_counter()
    request = await observed(answering(201), path="/todos", headers=[(b"user-agent", b"curl/8")])

    assert (request.status, request.path, request.client, request.user_agent) == (
        201,
        "/todos",
        "203.0.113.9",
        "curl/8",
    )
    assert 0 < request.duration <= perf_counter() - began


async def test_an_error_that_escapes_everything_is_a_500_and_goes_on_to_the_server() -> None:
    error = ValueError()

    async def failing(*_: Any) -> None:
        raise error

    told: list[ObservedRequest] = []
    with pytest.raises(ValueError, match=r"^$"):
        await RequestContexts(Observation(failing, [told.append]))(a_scope(), nothing, nothing)  # type: ignore[arg-type]

    assert [(request.status, request.error) for request in told] == [(500, error)]


async def test_an_error_after_the_answer_began_counts_once_and_as_an_error() -> None:
    assert (await observed(answering(200, ValueError()))).status == 500


@pytest.mark.parametrize("app", [nothing, answering(200, asyncio.CancelledError())], ids=["before", "during"])
async def test_a_client_that_goes_away_counts_once(app: Any) -> None:
    assert (await observed(app)).status in {CLIENT_CLOSED_REQUEST, 200}


async def test_an_observer_that_fails_harms_neither_the_request_nor_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(_: ObservedRequest) -> None:
        raise OSError

    told: list[ObservedRequest] = []
    await RequestContexts(Observation(answering(200), [fail, told.append]))(a_scope(), nothing, nothing)  # type: ignore[arg-type]

    assert len(told) == 1
    assert "could not be observed" in caplog.text


async def test_the_id_is_bound_during_the_request_only() -> None:
    bound: list[Any] = []

    async def app(*_: Any) -> None:
        bound.append(structlog.contextvars.get_contextvars())

    await observed(app, headers=[(b"x-request-id", b"abc")])

    assert bound == [{"request_id": "abc"}]
    assert structlog.contextvars.get_contextvars() == {}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"traceparent": TRACE_PARENT}, TRACE_ID),
        ({"traceparent": f"cc-{TRACE_PARENT[3:]}-what-may-come"}, TRACE_ID),
        ({"traceparent": TRACE_PARENT, "x-request-id": "mine"}, "mine"),
        ({"traceparent": TRACE_PARENT, "x-request-id": "not a word"}, TRACE_ID),
        ({"traceparent": f"ff-{TRACE_PARENT[3:]}"}, None),
        ({"traceparent": f"{TRACE_PARENT}-more"}, None),
        ({"traceparent": TRACE_PARENT.upper()}, None),
        ({"traceparent": f"00-{'0' * 32}-b7ad6b7169203331-01"}, None),
        ({"traceparent": f"00-{TRACE_ID}-{'0' * 16}-01"}, None),
        ({"traceparent": TRACE_ID}, None),
    ],
)
async def test_the_id_is_the_clients_or_that_of_its_trace_or_new(
    client: httpx.AsyncClient, headers: dict[str, str], expected: str | None
) -> None:
    response = await client.get("/health", headers=headers)

    given = response.headers["x-request-id"]
    assert given == expected or (expected is None and TRACE_ID not in given and len(given) == 32)


def a_request(**changes: Any) -> ObservedRequest:
    given: dict[str, Any] = {
        "id": "x", "method": "GET", "name": UNMATCHED, "path": "/x", "outcome": "200", "duration": 0.004,
    }  # fmt: skip
    return ObservedRequest(**(given | changes))


class TestAccessLog:
    """One line a request."""

    @pytest.fixture
    def log(self) -> Generator[Log]:
        with configured(PRODUCTION) as log:
            yield log

    @pytest.fixture
    def logging_app(self, log: Log, services: Services) -> Litestar:
        del log  # it must be there before the application is
        return new_app_on(services, Settings())

    async def test_a_line_says_who_asked_what_and_what_became_of_it(self, log: Log, logging_app: Litestar) -> None:
        async with client_of(logging_app) as client:
            await sign_in(client)
            todo = await create_todo(client)
            await client.get(
                f"/todos/{todo['id']}?token=hunter2", headers={"X-Request-ID": "find-me", "User-Agent": "curl/8"}
            )

        entry = log.entries()[-1]
        assert entry.pop("duration_ms") > 0
        assert entry.pop("time")
        assert entry == {
            "level": "info", "logger": "access", "message": "Request", "method": "GET", "route": "/todos/{todo_id}",
            "path": f"/todos/{todo['id']}", "status": 422, "request_id": "find-me", "account_id": 1,
            "client": "127.0.0.1", "user_agent": "curl/8",
        }  # fmt: skip

    @pytest.mark.parametrize("path", ["/nothing", "/a/b/c", "/%0a"])
    async def test_paths_that_are_none_of_ours_are_one_route(self, log: Log, logging_app: Litestar, path: str) -> None:
        async with client_of(logging_app) as client:
            await client.get(path)

        assert log.entry()["route"] == UNMATCHED

    @pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
    async def test_the_method_is_the_one_that_was_asked_for(self, log: Log, logging_app: Litestar, method: str) -> None:
        async with client_of(logging_app) as client:
            await client.request(method, "/posts")

        assert log.entry()["method"] == method

    async def test_a_hostile_request_makes_one_clean_line(self, log: Log, logging_app: Litestar) -> None:
        evil = "\x1b[2J\x9b31m todo_pat_leaked password=hunter2"
        async with client_of(logging_app):
            await raw_request(logging_app, "GET", b"/x%0a%1b[31m?q=hunter2", token="t", headers={"user-agent": evil})

        written = log.text()
        assert written.count("\n") == 1
        assert written.removesuffix("\n").isprintable()
        assert "leaked" not in written
        assert "hunter2" not in written

    async def test_long_values_are_shortened(self, log: Log, logging_app: Litestar) -> None:
        async with client_of(logging_app) as client:
            await client.get("/" + "x" * 900, headers={"User-Agent": "y" * 5000})

        assert len(log.text()) < 700

    async def test_of_a_flood_that_is_refused_one_line_a_second_stands_for_all(self, log: Log) -> None:
        now = 100.0
        write = AccessLog(monotonic=lambda: now)
        refused = a_request(status=429, rate_limited_by="anonymous")
        for _ in range(1_000):
            write(refused)
        now += 1
        write(refused)
        write(a_request(status=200))
        write.flush()

        first, second, other = log.entries()
        assert (first["unlogged"], second["unlogged"]) == (0, 999)
        assert (first["rate_limited_by"], second["rate_limited_by"]) == ("anonymous", "anonymous")
        assert "unlogged" not in other

    async def test_health_is_for_those_who_look_closer(
        self, log: Log, logging_app: Litestar, services: Services
    ) -> None:
        async with client_of(logging_app) as client:
            await client.get("/health")
            await client.get("/health/ready")
        assert log.text() == ""

        with configured(replace(PRODUCTION, log_level="debug")) as debug_log:
            async with client_of(new_app_on(services, Settings())) as client:
                await client.get("/health")
            assert debug_log.entry()["level"] == "debug"

    async def test_it_can_be_switched_off(self, log: Log, services: Services) -> None:
        async with client_of(new_app_on(services, Settings(access_log=False))) as client:
            await client.get("/")

        assert log.text() == ""

    async def test_an_unavailable_service_says_why_under_the_id_of_the_request(
        self, log: Log, services: Services
    ) -> None:
        class Gone:
            async def page(self, *_: object, **__: object) -> None:
                raise Unavailable("The database cannot be reached.")

        async with client_of(new_app_on(replace(services, posts=Gone()), Settings())) as client:
            await client.get("/posts", headers={"X-Request-ID": "find-me"})

        assert {entry["request_id"] for entry in log.entries()} == {"find-me"}
