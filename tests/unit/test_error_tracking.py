"""What Sentry is told of an error: what it is and where in the code, and nothing of anybody."""

import logging
from collections.abc import Generator
from typing import Any, cast

import msgspec
import pytest
import sentry_sdk
from msgspec.structs import replace
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from domain.errors import Unavailable
from entrypoints.http.middleware.observation import Observation, ObservedRequest
from entrypoints.observability.error_tracking import ErrorTracking
from entrypoints.services import Services
from entrypoints.version import VERSION
from tests.api import sign_in
from tests.harness import PASSWORD, app_on, client_of

DSN = "https://0123456789abcdef@sentry.example.com/1"
ACCOUNT_ID = 8_151_471_147_114
"""So long that no random id of an event has it in it by chance."""


class Captured(Transport):
    """Keeps what would have been sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.sent.append(envelope.serialize())

    def events(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(sent.splitlines()[2]) for sent in self.sent]


class Seconds:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class BrokenPosts:
    """Fails with what a driver would say."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def page(self, **_: object) -> None:
        secret = "a local variable"
        raise self.error from RuntimeError(f"invalid input for query argument $1: {PASSWORD} {secret}")


@pytest.fixture
def captured() -> Generator[Captured]:
    """What is sent; afterwards nothing is tracked any more."""
    yield Captured()
    sentry_sdk.init(default_integrations=False, auto_enabling_integrations=False)  # those would patch the framework


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def tracking(captured: Captured, seconds: Seconds) -> ErrorTracking:
    return ErrorTracking(DSN, environment="production", transport=captured, monotonic=seconds)


def a_request(error: Exception | None, status: int = 500) -> ObservedRequest:
    return ObservedRequest(
        id="find-me", method="GET", name="/todos/{todo_id}", path="/todos/1471147114", status=status,
        outcome=str(status), duration=1,
        account_id=ACCOUNT_ID, client="203.0.113.9", user_agent="curl", error=error,
    )  # fmt: skip


async def test_an_event_has_the_error_and_the_place_and_nothing_that_a_client_sent(
    tracking: ErrorTracking, captured: Captured, services: Services
) -> None:
    app = app_on(replace(services, posts=BrokenPosts(ValueError("hunter2"))))
    app.asgi_handler = cast("Any", Observation(cast("Any", app.asgi_handler), [tracking]))
    async with client_of(app) as client:
        tokens = await sign_in(client)
        headers = {"X-Request-ID": "find-me", "User-Agent": "a-client", "Cookie": "a=cookie"}
        await client.get("/posts", params={"page": "1471147114"}, headers=headers)

    (event,) = captured.events()
    cause, error = event["exception"]["values"]
    assert (error["type"], cause["type"]) == ("ValueError", "RuntimeError")
    place = error["stacktrace"]["frames"][-1]
    assert (place["function"], place["filename"].rpartition("/")[2]) == ("page", "test_error_tracking.py")
    assert event["tags"] == {
        "request_id": "find-me", "route": "/posts", "method": "GET", "status": "500", "version": VERSION,
    }  # fmt: skip
    sent = captured.sent[0].decode()
    secrets = [
        PASSWORD, "hunter2", "a local variable", "grace@example.com", "1471147114", "a-client", "=cookie", "127.0.0.1",
        tokens["access_token"], tokens["refresh_token"],
    ]  # fmt: skip
    assert [secret for secret in secrets if secret in sent] == []


def test_only_what_was_chosen_is_sent(tracking: ErrorTracking, captured: Captured) -> None:
    sentry_sdk.set_user({"id": str(ACCOUNT_ID), "ip_address": "203.0.113.9"})
    sentry_sdk.add_breadcrumb(message="hunter2", data={"x": "hunter2"})
    sentry_sdk.set_context("more", {"x": "hunter2"})
    sentry_sdk.set_tag("other", "hunter2")

    tracking(a_request(ValueError("hunter2")))

    (event,) = captured.events()
    assert event.keys() == {
        "event_id", "timestamp", "platform", "level", "release", "environment", "tags", "exception",
    }  # fmt: skip
    sent = captured.sent[0].decode()
    assert [
        secret for secret in ("hunter2", "203.0.113.9", str(ACCOUNT_ID), "1471147114", "curl") if secret in sent
    ] == []


async def test_a_mistake_of_a_client_is_no_event(
    tracking: ErrorTracking, captured: Captured, services: Services
) -> None:
    app = app_on(services)
    app.asgi_handler = cast("Any", Observation(cast("Any", app.asgi_handler), [tracking]))
    async with client_of(app) as client:
        for path in ("/nothing", "/todos", "/posts?page=x", "/post/7"):
            await client.get(path)
        await client.post("/auth/login", data={"username": "ada@example.com", "password": "wrong"})
        await client.post("/auth/register", content=b"{")

    assert captured.sent == []


def test_a_database_that_is_gone_is_told_once_a_minute(
    tracking: ErrorTracking, captured: Captured, seconds: Seconds
) -> None:
    for _ in range(100):
        tracking(a_request(Unavailable("x"), 503))
        seconds.now += 1

    assert [event["exception"]["values"][0]["type"] for event in captured.events()] == ["Unavailable"] * 2


def test_what_nobody_expected_is_told_each_time(tracking: ErrorTracking, captured: Captured) -> None:
    for _ in range(3):
        tracking(a_request(ValueError()))

    assert len(captured.sent) == 3


def test_nothing_is_taken_from_other_log_records(captured: Captured, tracking: ErrorTracking) -> None:
    del tracking
    logging.getLogger("somebody").error("hunter2")

    assert captured.sent == []
