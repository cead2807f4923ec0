"""Answers in parts, to clients that read them and to clients that do not."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from msgspec.structs import replace

from entrypoints.http.context import context_of
from entrypoints.http.middleware.large_responses import LARGE, LargeResponses, send_in_parts
from entrypoints.http.unread_answers import MAX_UNREAD_OF_ONE, Answer
from entrypoints.services import Services
from entrypoints.services import UnknownConnections as Unknown
from tests.harness import app_on, client_of

PEER = ("203.0.113.1", 4711)
BODY = bytes(range(256)) * 1_000


class Noted(Unknown):
    """Connections that remember who was given up."""

    def __init__(self) -> None:
        self.given_up: list[tuple[Any, str]] = []

    def give_up(self, peer: tuple[str, int], *, reason: str) -> None:
        self.given_up.append((peer, reason))


@pytest.fixture
def connections() -> Noted:
    return Noted()


@pytest.fixture
async def scope(services: Services, connections: Noted) -> Any:
    app = app_on(services)
    app.state.services = replace(services, connections=connections)
    return {
        "type": "http", "method": "GET", "path": "/", "headers": [], "client": PEER, "litestar_app": app,
        "scheme": "http", "query_string": b"", "http_version": "1.1",
    }  # fmt: skip


async def nothing() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


@pytest.mark.parametrize("size", [LARGE + 1, LARGE * 2, LARGE * 2 + 1, len(BODY)])
async def test_an_answer_in_parts_is_the_same_answer(scope: Any, size: int, services: Services) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)
        assert services.unread_answers.total == size

    await send_in_parts(scope, BODY[:size], send)

    assert b"".join(message["body"] for message in sent) == BODY[:size]
    assert [message["more_body"] for message in sent] == [True] * (len(sent) - 1) + [False]
    assert services.unread_answers.total == 0


async def test_whoever_reads_nothing_is_given_up_and_counts_no_longer(
    scope: Any, connections: Noted, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("entrypoints.http.middleware.large_responses._READ_TIMEOUT", 0.01)

    async def send(_: Any) -> None:
        await asyncio.Event().wait()

    await send_in_parts(scope, BODY, send)

    assert connections.given_up == [(PEER, "unread")]
    assert services.unread_answers.total == 0


async def test_behind_a_proxy_the_proxys_connection_is_the_one_that_is_closed(
    scope: Any, connections: Noted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("entrypoints.http.middleware.large_responses._READ_TIMEOUT", 0.01)
    scope["client"], context_of(scope).peer = ("198.51.100.1", 0), PEER

    async def send(_: Any) -> None:
        await asyncio.Event().wait()

    await send_in_parts(scope, BODY, send)

    assert connections.given_up == [(PEER, "unread")]


async def test_an_answer_that_has_to_make_room_ends_at_once(scope: Any, connections: Noted, services: Services) -> None:
    begun = asyncio.Event()

    async def send(_: Any) -> None:
        begun.set()
        await asyncio.Event().wait()

    sending = asyncio.create_task(send_in_parts(scope, BODY, send))
    await begun.wait()
    [[answer]] = [list(answers) for answers in services.unread_answers._answers.values()]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - nobody else needs it
    answer.cut_off()
    await sending

    assert connections.given_up == [(PEER, "unread")]


async def test_a_slow_reader_holds_nothing_but_the_answer(scope: Any) -> None:
    seen: Counter[str] = Counter()

    async def app(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": BODY, "more_body": False})
        seen["done"] += 1

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            assert seen["done"]
            seen["parts"] += 1

    await LargeResponses(app)(scope, nothing, send)

    assert seen["parts"] > 1


async def test_whoever_has_not_read_is_refused_before_anything_is_done(services: Services) -> None:
    network = "127.0.0.1"
    answer = Answer(owner=network, network=network, size=MAX_UNREAD_OF_ONE, cut_off=lambda: None, taken_at=0)
    app = app_on(services)
    async with client_of(app) as client:
        services.unread_answers.add(answer)
        refused = await client.get("/posts")
        services.unread_answers.remove(answer)
        served = await client.get("/posts")

    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_unread_answers")
    assert refused.headers["retry-after"] == "2"
    assert served.status_code == 200
