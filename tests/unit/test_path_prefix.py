"""The service as one path of a host, behind a proxy that takes the path away or leaves it there."""

import re
from collections.abc import AsyncGenerator
from html.parser import HTMLParser
from ipaddress import ip_network
from typing import Any, cast
from urllib.parse import urljoin

import httpx
import pytest
from litestar import Litestar
from msgspec.structs import replace

from entrypoints.http.openapi import OpenApiDocument
from entrypoints.services import Services
from entrypoints.settings import OWN_PATHS, Settings
from tests.api import create_todo, follow_link, publish, routes_of, sign_in
from tests.harness import BASE_URL, app_on

PREFIX = "/services/todo"
WAYS = {
    "stripped, as a header says": (Settings(trusted_proxies=(ip_network("127.0.0.1"),)), True),
    "stripped, as the settings say": (Settings(root_path=PREFIX), True),
    "left, as the settings say": (Settings(root_path=PREFIX), False),
    "stripped, as a header says and not the settings": (
        Settings(root_path="/elsewhere", trusted_proxies=(ip_network("127.0.0.1"),)),
        True,
    ),
}


class Proxy:
    """Passes on what is called under the prefix, and knows nothing else."""

    def __init__(self, app: Litestar, *, strips: bool) -> None:
        self.app: Any = app
        self._strips = strips
        self.templates: list[str | None] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass the request on."""
        if not scope["path"].startswith(f"{PREFIX}/"):
            await send({"type": "http.response.start", "status": 502, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        passed = dict(scope, headers=[*scope["headers"], (b"x-forwarded-prefix", PREFIX.encode())])
        if self._strips:
            passed["path"] = scope["path"].removeprefix(PREFIX)
            passed["raw_path"] = scope["raw_path"].removeprefix(PREFIX.encode())
        await self.app(passed, receive, send)
        self.templates.append(passed.get("path_template"))


@pytest.fixture(params=WAYS)
def proxy(request: pytest.FixtureRequest, services: Services) -> Proxy:
    """A proxy of each kind, before a service that is set up for it."""
    settings, strips = WAYS[request.param]
    return Proxy(app_on(services, settings), strips=strips)


@pytest.fixture
async def client(proxy: Proxy) -> AsyncGenerator[httpx.AsyncClient]:
    """A client that calls the service through the proxy; ``""`` is the service, and ``/`` is the host."""
    transport = httpx.ASGITransport(cast("Any", proxy))
    async with proxy.app.lifespan(), httpx.AsyncClient(transport=transport, base_url=f"{BASE_URL}{PREFIX}") as client:
        yield client


def absolute(client: httpx.AsyncClient, url: str) -> str:
    """Return where a path leads that an answer names."""
    return urljoin(str(client.base_url), url)


async def test_what_was_created_is_where_the_answer_says(client: httpx.AsyncClient) -> None:
    await sign_in(client)
    for path, body in (("/todos", {"title": "x"}), ("/posts", {"content": "x"})):
        created = await client.post(path, json=body)

        assert created.headers["location"] == f"{PREFIX}{path}/{created.json()['id']}"
        found = await client.get(absolute(client, created.headers["location"]))
        assert found.json() == created.json()


async def test_the_links_lead_through_every_list(client: httpx.AsyncClient) -> None:
    await sign_in(client)
    for tag in "abc":
        await create_todo(client, tags=[tag])
        await publish(client, f"{tag}" + "\x01" * 19_900)
    for _ in range(40):
        await publish(client, "\x01" * 20_000)

    for path, pages in (("/todos?limit=1", 3), ("/todos/?limit=2", 2), ("/tags?limit=1", 3), ("/posts?per_page=40", 2)):
        response, found = await client.get(path), 1
        while response.links:
            response, found = await follow_link(client, response), found + 1
            assert response.status_code == 200
        assert found == pages, path


class _Loaded(HTMLParser):
    """Collects what a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        url = given.get("src") or (given.get("href") if tag == "link" else None)
        if url:
            self.urls.append(url)


@pytest.mark.parametrize("path", ["/schema", "/schema/"])
async def test_the_documentation_loads_all_that_it_needs(client: httpx.AsyncClient, path: str) -> None:
    page = await client.get(path)
    loaded = _Loaded()
    loaded.feed(page.text)
    scripts = [page.url.join(url) for url in loaded.urls]

    assert len(scripts) >= 4
    for url in scripts:
        assert (await client.get(url)).status_code == 200, url
    (start,) = (url for url in scripts if url.path.endswith("start.js"))
    beside = re.search(r'new URL\("(.*)", document\.currentScript\.src\)', (await client.get(start)).text)
    assert beside is not None
    assert (await client.get(start.join(beside[1]))).json()["openapi"] == "3.1.0"


@pytest.mark.parametrize("coding", ["identity", "gzip"])
async def test_the_document_names_paths_that_can_be_called(client: httpx.AsyncClient, coding: str) -> None:
    document = (await client.get("/schema/openapi.json", headers={"Accept-Encoding": coding})).json()

    (server,) = document["servers"]
    flow = document["components"]["securitySchemes"]["password"]["flows"]["password"]
    assert (await client.get(absolute(client, f"{server['url']}/posts"))).status_code == 200
    for url in (flow["tokenUrl"], flow["refreshUrl"]):
        assert (await client.post(absolute(client, url), data={"x": "y"})).json()["error"] == "invalid_request"


async def test_programs_find_where_tokens_come_from(client: httpx.AsyncClient) -> None:
    described = (await client.get("/.well-known/oauth-authorization-server")).json()

    assert described["issuer"] == f"{BASE_URL}{PREFIX}"
    assert (await client.post(described["token_endpoint"], data={"x": "y"})).json()["error"] == "invalid_request"
    assert (await client.post(described["revocation_endpoint"], data={"token": "x"})).status_code == 200
    assert (await client.get(described["service_documentation"])).status_code == 200


async def test_the_service_says_where_to_go_on(client: httpx.AsyncClient) -> None:
    for link in (await client.get("/")).json()["links"].values():
        assert (await client.get(absolute(client, link))).status_code == 200


async def test_what_is_measured_has_the_routes_without_the_prefix(client: httpx.AsyncClient, proxy: Proxy) -> None:
    await client.get("/posts")
    await client.get("/posts/1")

    assert proxy.templates == ["/posts", "/posts/{post_id}"]


@pytest.mark.parametrize("settings", [Settings(root_path=PREFIX), Settings()])
async def test_the_way_to_https_leads_to_the_same_path(services: Services, settings: Settings) -> None:
    secure = replace(settings, force_https=True, trusted_proxies=(ip_network("127.0.0.1"),))
    proxy = Proxy(app_on(services, secure), strips=not settings.root_path)
    transport = httpx.ASGITransport(cast("Any", proxy))

    async with proxy.app.lifespan(), httpx.AsyncClient(transport=transport, base_url=f"{BASE_URL}{PREFIX}") as client:
        response = await client.get("/posts?page=2&x=%2F")

    assert response.headers["location"] == f"https://testserver{PREFIX}/posts?page=2&x=%2F"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api", 200),
        ("/api/", 200),
        ("/api/posts", 200),
        ("/posts", 200),
        ("/apis/posts", 404),
        ("/api/api/posts", 404),
        ("/api%2Fposts", 404),
        ("/%61pi/posts", 404),
        ("/api/%70osts", 200),
    ],
)
async def test_a_path_is_served_with_the_root_path_and_without_it(services: Services, path: str, status: int) -> None:
    app = app_on(services, Settings(root_path="/api"))
    transport = httpx.ASGITransport(cast("Any", app))

    async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
        assert (await client.get(path)).status_code == status


async def test_the_document_is_remembered_for_a_few_paths_only(app: Litestar) -> None:
    document = OpenApiDocument(app)

    first = document.encoded("/a")
    assert document.encoded("/a") is first
    for number in range(100):
        document.encoded(f"/{number}")

    assert document.encoded("/a") is not first
    assert document.encoded("/a") == first


def test_no_path_of_the_service_can_be_its_root_path(app: Litestar) -> None:
    begin = {route.path.split("/")[1] for route in routes_of(app)}

    assert begin - {""} == OWN_PATHS


@pytest.mark.parametrize("path", ["/", "/schema", "/schema/openapi.json", "/.well-known/oauth-authorization-server"])
async def test_no_shared_cache_keeps_what_names_paths(anonymous_client: httpx.AsyncClient, path: str) -> None:
    policy = (await anonymous_client.get(path)).headers["cache-control"]

    assert "private" in policy or policy == "no-store"
