"""How long a request may take, and who is told what when it takes longer."""

import asyncio
from typing import Any, cast

import msgspec
import pytest
from litestar import Litestar, get, post
from litestar.params import RawBody

from entrypoints.http.middleware.deadlines import Deadlines
from entrypoints.http.middleware.request_context import RequestContexts
from entrypoints.http.problems import EXCEPTION_HANDLERS

TIMEOUT = 0.4
Answer = tuple[int, dict[str, str], Any]


async def ask(app: Any, *parts: Any, method: str = "GET", path: str = "/") -> Answer:
    """Send a request whose body is the ``parts``, one every time something is awaited; then nothing comes any more."""
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "method": method,
        "path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"", "client": ("127.0.0.1", 1),
        "headers": [(b"host", b"testserver"), (b"transfer-encoding", b"chunked")], "server": ("testserver", 80),
        "state": {},
    }  # fmt: skip
    coming = iter(parts)
    sent: list[Any] = []

    async def receive() -> Any:
        part = next(coming, None)
        if part is None:
            await asyncio.sleep(60)
        await asyncio.sleep(TIMEOUT / 100)
        return part

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, msgspec.json.decode(sent[1]["body"])


def a_part(*, is_last: bool) -> dict[str, Any]:
    return {"type": "http.request", "body": b" ", "more_body": not is_last}


@get("/")
async def slow() -> str:
    """Take too long."""
    await asyncio.sleep(60)
    return "at last"


@post("/")
async def reader(body: RawBody) -> int:
    """Read the body."""
    return len(body)


@pytest.fixture
def app() -> Any:
    """Two routes that have no time to lose."""
    app = Litestar([slow, reader], exception_handlers=EXCEPTION_HANDLERS, openapi_config=None)
    app.asgi_handler = cast("Any", Deadlines(cast("Any", app.asgi_handler), request_timeout=TIMEOUT))
    return app


async def test_a_request_that_takes_too_long_is_given_up_and_may_be_repeated(app: Any) -> None:
    status, headers, body = await ask(app)

    assert (status, body["code"], headers["content-type"]) == (503, "timed_out", "application/problem+json")
    assert int(headers["retry-after"]) > 0


async def test_what_was_still_done_for_it_is_cancelled() -> None:
    was_cancelled = asyncio.Event()

    async def working(_: Any, __: Any, ___: Any) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            was_cancelled.set()
            raise

    await ask(Deadlines(working, request_timeout=TIMEOUT))

    assert was_cancelled.is_set()


async def test_a_body_that_does_not_come_is_its_senders_fault(app: Any) -> None:
    status, headers, body = await ask(app, a_part(is_last=False), method="POST")

    assert (status, body["code"], headers["connection"]) == (408, "body_timeout", "close")


async def test_a_body_that_drips_is_given_up_as_well(app: Any) -> None:
    status, _, body = await ask(app, *[a_part(is_last=False)] * 1_000, method="POST")

    assert (status, body["code"]) == (408, "body_timeout")


async def test_a_body_in_time_is_read(app: Any) -> None:
    assert (await ask(app, a_part(is_last=False), a_part(is_last=True), method="POST"))[0] == 201


async def test_waiting_for_a_client_to_go_is_waiting_for_no_body() -> None:
    received: list[Any] = []

    async def listening(_: Any, receive: Any, send: Any) -> None:
        received.append(await receive())
        await asyncio.sleep(TIMEOUT * 0.55)
        received.append(await receive())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    gone = {"type": "http.disconnect"}
    await ask(Deadlines(listening, request_timeout=TIMEOUT), a_part(is_last=True), gone)

    assert received == [a_part(is_last=True), gone]


async def test_an_answer_that_has_begun_is_not_begun_again() -> None:
    async def half(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(60)

    with pytest.raises(TimeoutError):
        await ask(RequestContexts(Deadlines(half, request_timeout=TIMEOUT)))


async def test_a_timeout_inside_is_none_of_the_request() -> None:
    async def impatient(_: Any, __: Any, ___: Any) -> None:
        async with asyncio.timeout(0.001):
            await asyncio.sleep(1)

    with pytest.raises(TimeoutError):
        await ask(Deadlines(impatient, request_timeout=60))
