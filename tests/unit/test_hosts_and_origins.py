"""Which hosts the service answers for, and which pages of other origins may call it."""

import httpx
import pytest

from entrypoints.services import Services
from entrypoints.settings import Settings
from tests.api import assert_problem
from tests.harness import app_on, client_of

PREFLIGHT = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization,if-match"}


async def preflight(client: httpx.AsyncClient, origin: str) -> httpx.Response:
    """Ask as a browser does before it lets a page of another origin change something."""
    return await client.options("/todos/1", headers=PREFLIGHT | {"Origin": origin})


async def test_without_settings_no_page_of_another_origin_may_call(client: httpx.AsyncClient) -> None:
    asked = await preflight(client, "https://app.example.com")
    got = await client.get("/posts", headers={"Origin": "https://app.example.com"})

    assert "access-control-allow-origin" not in asked.headers
    assert got.status_code == 200
    assert "access-control-allow-origin" not in got.headers


async def test_a_page_of_an_origin_that_is_named_may_call_and_read_the_headers(services: Services) -> None:
    settings = Settings(cors_origins=("https://app.example.com",))

    async with client_of(app_on(services, settings)) as client:
        asked = await preflight(client, "https://app.example.com")
        got = await client.get("/posts", headers={"Origin": "https://app.example.com"})

    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == "https://app.example.com"
    assert "PATCH" in asked.headers["access-control-allow-methods"]
    assert {"authorization", "if-match"} <= set(asked.headers["access-control-allow-headers"].lower().split(", "))
    assert got.headers["access-control-allow-origin"] == "https://app.example.com"
    assert set(got.headers["access-control-expose-headers"].lower().split(", ")) == {
        *("allow", "etag", "link", "location", "ratelimit", "ratelimit-policy", "retry-after", "www-authenticate"),
        "x-request-id",
    }
    assert "access-control-allow-credentials" not in got.headers


@pytest.mark.parametrize("name", ["traceparent", "sentry-trace", "baggage", "X-Requested-With", "x-unheard-of"])
async def test_a_page_may_send_headers_that_its_tools_bring(services: Services, name: str) -> None:
    settings = Settings(cors_origins=("https://app.example.com",))
    asking = {"Origin": "https://app.example.com", "Access-Control-Request-Headers": f"authorization,{name}"}

    async with client_of(app_on(services, settings)) as client:
        asked = await client.options("/todos/1", headers=PREFLIGHT | asking)

    assert asked.status_code == 204
    assert {"authorization", name} <= set(asked.headers["access-control-allow-headers"].split(", "))


@pytest.mark.parametrize(
    "origin", ["https://evil.example.com", "http://app.example.com", "https://app.example.com.evil.com", "null"]
)
async def test_a_page_of_another_origin_may_not(services: Services, origin: str) -> None:
    settings = Settings(cors_origins=("https://app.example.com",))

    async with client_of(app_on(services, settings)) as client:
        asked = await preflight(client, origin)
        got = await client.get("/posts", headers={"Origin": origin})

    assert asked.headers.get("access-control-allow-origin") != origin
    assert got.headers.get("access-control-allow-origin") != origin


@pytest.mark.parametrize(
    "changed",
    [
        {"Origin": "https://evil.example.com"},
        {"Access-Control-Request-Method": "PUT"},
    ],
)
@pytest.mark.parametrize("path", ["/todos/1", "/nothing", "/auth/login"])
async def test_a_page_that_may_not_is_told_so_with_a_problem(
    services: Services, path: str, changed: dict[str, str]
) -> None:
    settings = Settings(cors_origins=("https://app.example.com",))

    async with client_of(app_on(services, settings)) as client:
        response = await client.options(path, headers=PREFLIGHT | {"Origin": "https://app.example.com"} | changed)

    assert_problem(response, 403, "cors_refused")
    assert "access-control-allow-origin" not in response.headers
    assert response.headers["vary"] == "Origin"


@pytest.mark.parametrize("origin", [None, "https://app.example.com", "https://evil.example.com"])
async def test_a_cache_keeps_the_answers_for_each_origin_apart(services: Services, origin: str | None) -> None:
    settings = Settings(cors_origins=("https://app.example.com",))
    headers = {"Origin": origin} if origin else {}

    async with client_of(app_on(services, settings)) as client:
        answers = [
            await client.get("/posts", headers=headers),
            await client.get("/nothing", headers=headers),
            await client.options("/posts", headers=headers),
            await client.options("/posts", headers=headers | PREFLIGHT),
        ]

    assert [answer.headers.get_list("vary") for answer in answers] == [["Origin"]] * 4


async def test_where_every_origin_may_call_the_answers_are_the_same(services: Services) -> None:
    async with client_of(app_on(services, Settings(cors_origins=("*",)))) as client:
        got = await client.get("/posts", headers={"Origin": "https://anybody.example"})
        asked = await preflight(client, "https://anybody.example")

    assert got.headers["access-control-allow-origin"] == asked.headers["access-control-allow-origin"] == "*"
    assert "vary" not in got.headers


async def test_without_settings_preflights_are_options_like_any_other(client: httpx.AsyncClient) -> None:
    response = await preflight(client, "https://app.example.com")

    assert response.status_code == 204
    assert "PATCH" in response.headers["allow"]


@pytest.mark.parametrize("host", ["api.example.com", "API.example.com", "api.example.com:8443", "a.todo.example.com"])
async def test_a_host_that_is_named_is_answered(services: Services, host: str) -> None:
    settings = Settings(allowed_hosts=("api.example.com", "*.todo.example.com"))

    async with client_of(app_on(services, settings)) as client:
        response = await client.get("/posts", headers={"Host": host})

    assert response.status_code == 200


@pytest.mark.parametrize("host", ["evil.com", "api.example.com.evil.com", "evilapi.example.com", "", "[::1]:80"])
async def test_another_host_is_refused(services: Services, host: str) -> None:
    settings = Settings(allowed_hosts=("api.example.com", "*.todo.example.com"))

    async with client_of(app_on(services, settings)) as client:
        response = await client.get("/posts", headers={"Host": host})

    assert_problem(response, 400, "unknown_host")


async def test_whoever_asks_for_the_health_may_know_an_address_only(services: Services) -> None:
    async with client_of(app_on(services, Settings(allowed_hosts=("api.example.com",)))) as client:
        response = await client.get("/health", headers={"Host": "10.0.0.7:8000"})

    assert response.status_code == 200


@pytest.mark.parametrize(("environment", "is_told"), [("production", True), ("development", False)])
async def test_browsers_are_told_to_stay_with_https_in_production(
    services: Services, *, environment: str, is_told: bool
) -> None:
    settings = Settings(environment="production" if environment == "production" else "development")

    async with client_of(app_on(services, settings)) as client:
        response = await client.get("/health")

    assert ("strict-transport-security" in response.headers) is is_told
