"""The service behind nginx: under a path of a host, and compressed on the way."""

import re
from collections.abc import Generator
from pathlib import Path
from typing import Any, cast

import httpx
import oauthlib.oauth2  # pyright: ignore[reportMissingTypeStubs] - has none
import pytest
import requests_oauthlib  # pyright: ignore[reportMissingTypeStubs] - has none

from tests.api import bearer
from tests.harness import PASSWORD
from tests.integration.nginx import proxying
from tests.integration.processes import TIMEOUT, serving
from tests.needs import NGINX, require

EMAIL = "ada@example.com"
LONG = "It is a long story, and it is told again and again. " * 40
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
DOCUMENTED = README.partition("```nginx\n")[2].partition("```")[0]

_oauthlib, _requests_oauthlib = cast("Any", (oauthlib.oauth2, requests_oauthlib))


def sign_in(base: str) -> dict[str, str]:
    """Open an account if there is none, and return the headers that prove a session of it."""
    httpx.post(f"{base}/auth/register", json={"email": EMAIL, "password": PASSWORD}, timeout=TIMEOUT)
    form = {"username": EMAIL, "password": PASSWORD}
    return bearer(httpx.post(f"{base}/auth/login", data=form, timeout=TIMEOUT).json()["access_token"])


@pytest.fixture(scope="module")
def compressing(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """A service behind an nginx that compresses whatever it can."""
    require(NGINX)
    home = tmp_path_factory.mktemp("gzip")
    with serving(home) as service:
        gzip = "gzip on; gzip_types application/json; gzip_min_length 0;"
        with proxying(home, f"{gzip} location / {{ proxy_pass {service.url}; }}") as url:
            yield url


class TestCompressionOnTheWay:
    @pytest.fixture
    def client(self, compressing: str) -> Generator[httpx.Client]:
        """A client that is signed in."""
        with httpx.Client(base_url=compressing, headers=sign_in(compressing), timeout=TIMEOUT) as client:
            yield client

    @pytest.mark.parametrize("description", ["", LONG], ids=["by nginx", "by the service"])
    @pytest.mark.parametrize("coding", ["gzip", "zstd, gzip"])
    def test_a_tag_that_became_weak_changes_and_deletes_its_version_and_no_other(
        self, client: httpx.Client, coding: str, description: str
    ) -> None:
        client.headers["Accept-Encoding"] = coding
        path = client.post("/todos", json={"title": "x", "description": description}).headers["location"]

        with client.stream("GET", path) as got:
            first = got.headers["etag"]
        unchanged = client.get(path, headers={"If-None-Match": first})
        changed = client.patch(path, json={"done": True}, headers={"If-Match": first})
        stale = client.patch(path, json={"title": "y"}, headers={"If-Match": first})
        stale_deletion = client.delete(path, headers={"If-Match": first})
        deleted = client.delete(path, headers={"If-Match": changed.headers["etag"]})

        expected = "zstd" if description and "zstd" in coding else "gzip"
        assert (got.headers["content-encoding"], first) == (expected, 'W/"1"')
        assert (unchanged.status_code, unchanged.headers["etag"].removeprefix("W/")) == (304, '"1"')
        assert (changed.status_code, changed.headers["etag"]) == (200, 'W/"2"')
        assert changed.headers["content-encoding"] == "gzip"
        assert [answer.status_code for answer in (stale, stale_deletion, deleted)] == [412, 412, 204]

    def test_what_the_service_has_compressed_is_not_compressed_again(self, client: httpx.Client) -> None:
        client.post("/posts", json={"content": LONG})

        got = client.get("/posts", headers={"Accept-Encoding": "gzip"})

        assert got.headers["content-encoding"] == "gzip"
        assert int(got.headers["content-length"]) < len(got.content)  # nginx does not know the length of what it makes
        assert got.json()["result"][0]["content"] == LONG


STRIPPED_WITHOUT_A_HEADER = "location /api/ { proxy_pass http://127.0.0.1:8000/; proxy_set_header Host $http_host; }"
NOT_STRIPPED = "location /api/ { proxy_pass http://127.0.0.1:8000; proxy_set_header Host $http_host; }"


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(({"TRUSTED_PROXIES": "127.0.0.1"}, DOCUMENTED), id="as the README says"),
        pytest.param(({"ROOT_PATH": "/api"}, STRIPPED_WITHOUT_A_HEADER), id="without a header"),
        pytest.param(({"ROOT_PATH": "/api"}, NOT_STRIPPED), id="not stripped"),
    ],
)
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """Where a service is called that is one path of a host."""
    require(NGINX)
    settings, lines = request.param
    home = tmp_path_factory.mktemp("path")
    with (
        serving(home, **settings) as service,
        proxying(home, lines.replace("http://127.0.0.1:8000", service.url)) as url,
    ):
        yield f"{url}/api"


class TestUnderAPath:
    @pytest.fixture
    def client(self, base: str) -> Generator[httpx.Client]:
        """A client that is signed in, and is told each path from the host's root."""
        with httpx.Client(base_url=base.removesuffix("/api"), headers=sign_in(base), timeout=TIMEOUT) as client:
            yield client

    def test_the_host_has_nothing_of_it_elsewhere(self, client: httpx.Client) -> None:
        assert client.get("/posts").status_code == 404
        assert client.get("/api/posts").status_code == 200

    @pytest.mark.parametrize(("path", "body"), [("/api/todos", {"title": "x"}), ("/api/posts", {"content": "x"})])
    def test_what_was_created_is_where_the_answer_says(
        self, client: httpx.Client, path: str, body: dict[str, str]
    ) -> None:
        created = client.post(path, json=body)

        assert client.get(created.headers["location"]).json() == created.json()

    def test_the_links_lead_through_a_list(self, client: httpx.Client) -> None:
        for tag in "abc":
            client.post("/api/todos", json={"title": "x", "tags": [tag]})

        page, found = client.get("/api/tags?limit=1"), list[str]()
        while page.links:
            found += [item["tag"] for item in page.json()["items"]]
            page = client.get(page.url.join(page.links["next"]["url"]))

        assert [*found, page.json()["items"][0]["tag"]] == ["a", "b", "c"]

    def test_the_documentation_loads_all_that_it_needs(self, client: httpx.Client) -> None:
        page = client.get("/api/schema")
        loaded = [page.url.join(url) for url in re.findall(r'(?:src|link [^>]*href)="([^"]+)"', page.text)]
        start = client.get(loaded[-1])
        beside = re.search(r'new URL\("(.*)", document\.currentScript\.src\)', start.text)

        assert len(loaded) == 4
        assert [client.get(url).status_code for url in loaded] == [200] * 4
        assert beside is not None
        document = client.get(start.url.join(beside[1])).json()
        assert client.get(f"{document['servers'][0]['url']}/todos").status_code == 200

    def test_a_client_of_oauth_signs_in_and_refreshes_where_the_document_says(
        self, client: httpx.Client, base: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # over the loopback interface
        schemes = client.get("/api/schema/openapi.json").json()["components"]["securitySchemes"]
        flow = schemes["password"]["flows"]["password"]
        token_url, refresh_url = (str(client.base_url.join(flow[name])) for name in ("tokenUrl", "refreshUrl"))
        renewed: list[Any] = []

        with _requests_oauthlib.OAuth2Session(
            client=_oauthlib.LegacyApplicationClient(client_id="tests"),
            auto_refresh_url=refresh_url,
            token_updater=renewed.append,
        ) as session:
            token = session.fetch_token(token_url, username=EMAIL, password=PASSWORD)
            session.token = {**token, "expires_at": 1, "expires_in": -1}
            assert session.get(f"{base}/me").json()["email"] == EMAIL

        assert len(renewed) == 1

    def test_the_metadata_of_oauth_name_what_can_be_called(self, client: httpx.Client, base: str) -> None:
        described = client.get("/api/.well-known/oauth-authorization-server").json()

        assert described["issuer"] == base
        assert client.post(described["token_endpoint"], data={"grant_type": "x"}).json()["error"] == (
            "unsupported_grant_type"
        )
        assert client.get(described["service_documentation"]).status_code == 200


def test_the_metadata_are_where_rfc_8414_looks_for_them(tmp_path: Path) -> None:
    require(NGINX)

    with (
        serving(tmp_path, TRUSTED_PROXIES="127.0.0.1") as service,
        proxying(tmp_path, DOCUMENTED.replace("http://127.0.0.1:8000", service.url)) as url,
    ):
        described = httpx.get(f"{url}/.well-known/oauth-authorization-server/api", timeout=TIMEOUT).json()

    assert described["issuer"] == f"{url}/api"
