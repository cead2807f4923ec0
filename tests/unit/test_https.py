"""What a service that is called over HTTPS only says to those who do not."""

from collections.abc import AsyncGenerator
from ipaddress import ip_network

import httpx
import pytest

from entrypoints.services import Services
from entrypoints.settings import Settings
from tests.api import assert_problem
from tests.harness import app_on, client_of

SETTINGS = Settings(
    force_https=True, trusted_proxies=(ip_network("127.0.0.1"),), allowed_hosts=("api.example.com", "testserver")
)
HTTPS = {"X-Forwarded-Proto": "https"}


@pytest.fixture
async def client(services: Services) -> AsyncGenerator[httpx.AsyncClient]:
    """A client behind a proxy, whose requests are plain unless they say otherwise."""
    async with client_of(app_on(services, SETTINGS)) as client:
        yield client


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_who_only_reads_is_sent_to_https(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(method, "/posts", headers={"Host": "api.example.com"})

    assert (response.status_code, response.headers["location"]) == (308, "https://api.example.com/posts")
    assert response.content == b""


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/posts?limit=3&tag=a%20b", "/posts?limit=3&tag=a%20b"),
        ("/a%2Fb", "/a%2Fb"),
        ("//evil.example/", "//evil.example/"),
        ("/%0d%0aSet-Cookie:x", "/%0d%0aSet-Cookie:x"),
        ("/?next=https://evil.example", "/?next=https://evil.example"),
    ],
)
async def test_it_is_the_same_path_and_query_of_the_same_host(
    client: httpx.AsyncClient, target: str, location: str
) -> None:
    response = await client.get(f"http://testserver{target}")

    assert response.headers["location"] == f"https://testserver{location}"


@pytest.mark.parametrize("host", ["api.example.com:80", "API.example.com:8080"])
async def test_the_port_of_plain_http_is_left_behind(client: httpx.AsyncClient, host: str) -> None:
    response = await client.get("/posts", headers={"Host": host})

    assert response.headers["location"] == "https://api.example.com/posts"


@pytest.mark.parametrize("host", ["evil.example", "api.example.com.evil.example", "api.example.com@evil.example", ""])
async def test_nobody_is_sent_to_a_host_that_is_not_ours(client: httpx.AsyncClient, host: str) -> None:
    response = await client.get("/posts", headers={"Host": host})

    assert_problem(response, 400, "unknown_host")
    assert "location" not in response.headers


@pytest.mark.parametrize("host", ["a b", "api.example.com/@evil.example", "evil.example\\", "évil"])
async def test_what_is_no_host_is_no_place_to_go_even_if_any_host_is_served(services: Services, host: str) -> None:
    settings = Settings(force_https=True, trusted_proxies=SETTINGS.trusted_proxies)

    async with client_of(app_on(services, settings)) as client:
        response = await client.get("/posts", headers=[(b"Host", host.encode())])

    assert_problem(response, 400, "unknown_host")


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE", "OPTIONS", "PUT"])
async def test_who_may_have_sent_a_secret_is_told_instead_of_redirected(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(method, "/auth/login", json={"password": "p"})

    assert_problem(response, 403, "https_required")
    assert "location" not in response.headers


@pytest.mark.parametrize("header", ["Authorization", "Cookie"])
async def test_who_reads_with_a_secret_is_told_too(client: httpx.AsyncClient, header: str) -> None:
    response = await client.get("/todos", headers={header: "Bearer secret"})

    assert_problem(response, 403, "https_required")


async def test_who_comes_over_https_is_answered(client: httpx.AsyncClient) -> None:
    assert (await client.get("/posts", headers=HTTPS)).status_code == 200


@pytest.mark.parametrize("path", ["/health", "/health/ready"])
async def test_probes_come_from_inside_without_tls(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path, headers={"Host": "10.0.0.7:8000"})).status_code == 200


async def test_browsers_are_told_to_stay_with_https_where_it_can_be_believed(client: httpx.AsyncClient) -> None:
    plain = await client.get("/posts")
    over_tls = await client.get("/posts", headers=HTTPS)

    assert "strict-transport-security" not in plain.headers  # RFC 6797, section 7.2
    assert over_tls.headers["strict-transport-security"] == "max-age=31536000"


async def test_a_service_that_does_not_insist_redirects_nobody(services: Services) -> None:
    async with client_of(app_on(services, Settings())) as client:
        assert (await client.get("/posts")).status_code == 200
