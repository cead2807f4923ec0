"""Whatever is answered to a page that may call, the page can read; and one that may not is told why."""

import asyncio
from collections.abc import AsyncGenerator
from ipaddress import ip_network
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from adapters.memory.store import MemoryStore
from adapters.rate_limits.memory import MemoryRateLimiter
from domain.errors import Unavailable
from domain.rate_limits.quotas import ANONYMOUS
from entrypoints.http.middleware.cors import is_preflight
from entrypoints.services import Services
from entrypoints.settings import Settings
from tests.api import assert_problem, sign_in
from tests.clock import StandingClock
from tests.harness import app_on, client_of, services_on

ORIGIN = "https://app.example.com"
SETTINGS = Settings(cors_origins=(ORIGIN,), allowed_hosts=("testserver",), access_log=False)
IMPATIENT = replace(SETTINGS, request_timeout=1)
PREFLIGHT = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization"}


def assert_readable(response: httpx.Response) -> None:
    """Assert that a page gets the answer, its headers included, and no page of another origin gets it from a cache."""
    assert response.headers.get("access-control-allow-origin") == ORIGIN, response
    assert "x-request-id" in response.headers["access-control-expose-headers"]
    assert "Origin" in response.headers.get_list("vary")


@pytest.fixture
async def page(services: Services) -> AsyncGenerator[httpx.AsyncClient]:
    """A page of an origin that may call."""
    async with client_of(app_on(services, SETTINGS)) as client:
        client.headers["Origin"] = ORIGIN
        yield client


@pytest.mark.parametrize(
    ("status", "method", "path", "details"),
    [
        (200, "GET", "/posts", {}),
        (200, "HEAD", "/posts", {}),
        (200, "GET", "/schema/openapi.json", {}),
        (204, "OPTIONS", "/todos", {}),
        (204, "OPTIONS", "/schema", {}),
        (304, "GET", "/posts", {"headers": {"If-None-Match": "*"}}),
        (400, "GET", "/posts", {"headers": {"Host": "elsewhere.example"}}),
        (400, "POST", "/auth/register", {"content": b"{", "headers": {"Content-Type": "application/json"}}),
        (401, "GET", "/todos", {}),
        (404, "GET", "/nothing", {}),
        (404, "OPTIONS", "/nothing", {}),
        (405, "PUT", "/todos", {}),
        (413, "POST", "/auth/register", {"content": bytes(1_000_000)}),
        (414, "GET", "/" + "x" * 2_000, {}),
        (414, "GET", "/posts?" + "x" * 9_000, {}),
        (415, "POST", "/auth/register", {"content": b"x", "headers": {"Content-Type": "text/plain"}}),
        (422, "GET", "/posts?nonsense=1", {}),
    ],
)
async def test_a_page_can_read_every_answer(
    page: httpx.AsyncClient, status: int, method: str, path: str, details: dict[str, Any]
) -> None:
    response = await page.request(method, path, **details)

    assert response.status_code == status, response.text
    assert_readable(response)


async def test_a_page_can_read_that_there_is_nothing_to_show_or_that_a_version_is_stale(
    page: httpx.AsyncClient,
) -> None:
    await sign_in(page)
    made = await page.post("/todos", json={"title": "x"})
    url = made.headers["location"]

    stale = await page.delete(url, headers={"If-Match": '"7"'})
    gone = await page.delete(url)

    assert [made.status_code, stale.status_code, gone.status_code] == [201, 412, 204]
    for response in (made, stale, gone):
        assert_readable(response)


@pytest.mark.parametrize(
    ("method", "status", "code"), [("GET", 308, None), ("POST", 403, "https_required"), ("OPTIONS", 403, None)]
)
async def test_a_page_can_read_that_https_is_wanted(
    services: Services, method: str, status: int, code: str | None
) -> None:
    settings = replace(SETTINGS, force_https=True, trusted_proxies=(ip_network("127.0.0.1"),))

    async with client_of(app_on(services, settings)) as page:
        response = await page.request(method, "/posts", headers={"Origin": ORIGIN})

    assert response.status_code == status
    assert_readable(response)
    if code is not None:
        assert_problem(response, status, code)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RuntimeError("Nobody expected this."), 500, "internal_error"),
        (Unavailable("The database cannot be reached."), 503, "unavailable"),
    ],
)
async def test_a_page_can_read_that_something_went_wrong_here(
    services: Services, error: Exception, status: int, code: str
) -> None:
    async def fails() -> list[str]:
        raise error

    async with client_of(app_on(replace(services, readiness=fails), SETTINGS)) as page:
        response = await page.get("/health/ready", headers={"Origin": ORIGIN})

    assert_problem(response, status, code)
    assert_readable(response)


async def test_a_page_can_read_that_its_request_took_too_long(services: Services) -> None:
    async def hangs() -> list[str]:
        await asyncio.sleep(60)
        return []

    async with client_of(app_on(replace(services, readiness=hangs), IMPATIENT)) as page:
        response = await page.get("/health/ready", headers={"Origin": ORIGIN})

    assert_problem(response, 503, "timed_out")
    assert_readable(response)


async def test_a_page_can_read_that_its_body_came_too_slowly(services: Services) -> None:
    async def slowly() -> AsyncGenerator[bytes]:
        yield b"{"
        await asyncio.sleep(60)

    headers = {"Origin": ORIGIN, "Content-Type": "application/json"}
    async with client_of(app_on(services, IMPATIENT)) as page:
        response = await page.post("/auth/register", content=slowly(), headers=headers)

    assert_problem(response, 408, "body_timeout")
    assert_readable(response)


async def test_a_page_can_read_that_it_asks_too_often(store: MemoryStore, clock: StandingClock) -> None:
    limited = services_on(store, now=clock, rate_limiter=MemoryRateLimiter())

    async with client_of(app_on(limited, SETTINGS)) as page:
        for _ in range(ANONYMOUS.amount):
            await page.get("/nothing")
        # A route, no route, and what gets no further than a layer.
        answers = [await page.get(path, headers={"Origin": ORIGIN}) for path in ("/posts", "/no", "/" + "x" * 2_000)]

    for response in answers:
        assert_problem(response, 429, "rate_limited")
        assert_readable(response)


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"Origin": "https://evil.example"}, ["Origin"]),
        ({"Access-Control-Request-Method": "PUT"}, ["Access-Control-Request-Method"]),
        ({"Access-Control-Request-Headers": "x(y"}, ["Access-Control-Request-Headers"]),
        (
            {"Origin": "null", "Access-Control-Request-Method": "patch"},
            ["Origin", "Access-Control-Request-Method"],
        ),
    ],
)
async def test_a_preflight_that_is_refused_says_what_is_refused(
    page: httpx.AsyncClient, asked: dict[str, str], names: list[str]
) -> None:
    problem = assert_problem(await page.options("/todos", headers=PREFLIGHT | asked), 403, "cors_refused")

    assert [error["parameter"] for error in problem["errors"]] == names
    assert problem["detail"] == " ".join(error["detail"] for error in problem["errors"])


@pytest.mark.parametrize("missing", ["Origin", "Access-Control-Request-Method"])
def test_what_lacks_one_of_two_headers_is_no_preflight(missing: str) -> None:
    names = {"Origin", "Access-Control-Request-Method"} - {missing}
    scope: Any = {"method": "OPTIONS", "headers": [(name.lower().encode(), b"x") for name in names]}

    assert not is_preflight(scope)
