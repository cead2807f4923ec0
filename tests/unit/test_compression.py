"""Large answers come compressed to whoever says that they can read that, and small, written and failed ones do not."""

import sys
import threading
import zlib
from collections.abc import Callable
from importlib import import_module
from typing import Any

import httpx
import pytest

from domain.accounts.model import Account
from domain.posts.model import NewPost
from entrypoints.http.compression import Coding
from entrypoints.http.unread_answers import Answer
from entrypoints.services import Services
from entrypoints.settings import Settings
from tests.api import create_todo, publish
from tests.harness import app_on, client_of

_zstd: Any = import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
DECODERS: dict[str | None, Callable[[bytes], bytes]] = {
    None: bytes,
    "gzip": lambda body: zlib.decompress(body, wbits=31),
    "zstd": _zstd.decompress,
}
LONG = "It is a long story, and it is told again and again. " * 40
SHORT = "It is not."


async def raw(
    client: httpx.AsyncClient, url: str, wanted: str | None, *, method: str = "GET", **headers: str
) -> tuple[httpx.Response, bytes]:
    """Return an answer, and its content as it goes over the wire."""
    request = client.build_request(
        method, url, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )
    del request.headers["Accept-Encoding"]
    if wanted is not None:
        request.headers["Accept-Encoding"] = wanted
    response = await client.send(request, stream=True)
    content = b"".join([part async for part in response.aiter_raw()])
    return response, content


@pytest.fixture
def client(authed_client: httpx.AsyncClient) -> httpx.AsyncClient:
    """A client that is signed in."""
    return authed_client


@pytest.fixture
async def story(client: httpx.AsyncClient) -> str:
    """The path of a long post."""
    return f"/posts/{(await publish(client, LONG))['id']}"


@pytest.fixture
async def todo(client: httpx.AsyncClient) -> str:
    """The path of a long to-do."""
    return f"/todos/{(await create_todo(client, description=LONG))['id']}"


@pytest.mark.parametrize(
    ("wanted", "coding"),
    [
        (None, None),
        ("", None),
        ("identity", None),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("zstd", "zstd"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "gzip"),
        ("br, deflate, compress", None),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"),
        ("gzip ; q=0.4 , zstd ; Q=0.400", "zstd"),
        ("gzip;q=0", None),
        ("gzip;q=0.000, *", None),
        ("zstd;q=0, *;q=0.1", "gzip"),
        ("*", "gzip"),
        ("*;q=0", None),
        ("gzip;q=0.5, identity", None),
        ("gzip;q=0.5, identity;q=0.5", "gzip"),
        ("identity;q=0, gzip", "gzip"),
        ("identity;q=0", None),  # there is nothing else to give
        ("identity;q=0, br", None),
        ("gzip;q=2", None),
        ("gzip;q=0.1234", None),
        ("gzip;q=nan", None),
        ("gzip;level=9", None),
        (";;;,,,=,q=1", None),
        ("gzip," * 1_000, None),
    ],
)
async def test_the_coding_is_what_the_client_likes_best(
    client: httpx.AsyncClient, story: str, wanted: str | None, coding: str | None
) -> None:
    plain, whole = await raw(client, story, None)

    response, content = await raw(client, story, wanted)

    assert response.headers.get("content-encoding") == coding
    assert DECODERS[coding](content) == whole
    assert response.headers["content-length"] == str(len(content))
    assert response.headers["content-type"] == plain.headers["content-type"] == "application/json"
    assert coding is None or len(content) < len(whole) / 4


async def test_several_lines_are_one_list(client: httpx.AsyncClient, story: str) -> None:
    lines = [("Host", "testserver"), ("Accept-Encoding", "br"), ("Accept-Encoding", "gzip")]

    response = await client.send(httpx.Request("GET", client.base_url.join(story), headers=lines))

    assert response.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize("origin", [None, "https://app.example.com"])
@pytest.mark.parametrize("wanted", [None, "gzip"])
async def test_a_cache_keeps_what_is_compressed_apart(
    services: Services, story: str, wanted: str | None, origin: str | None
) -> None:
    settings = Settings(cors_origins=("https://app.example.com",), access_log=False)
    headers = {"Origin": origin} if origin else {}

    async with client_of(app_on(services, settings)) as page:
        response, _ = await raw(page, story, wanted, **headers)

    assert sorted(response.headers.get_list("vary")) == ["Accept-Encoding", "Origin"]


async def test_a_small_answer_stays_as_it_is(client: httpx.AsyncClient) -> None:
    post = await publish(client, SHORT)

    response, content = await raw(client, f"/posts/{post['id']}", "gzip")

    assert "content-encoding" not in response.headers
    assert "vary" not in response.headers
    assert SHORT.encode() in content


@pytest.mark.usefixtures("story", "todo")
@pytest.mark.parametrize("path", ["/posts", "/todos", "/schema/openapi.json", "/schema/assets/swagger-ui.css"])
async def test_head_tells_what_get_would(client: httpx.AsyncClient, path: str) -> None:
    get, content = await raw(client, path, "gzip")
    head, nothing = await raw(client, path, "gzip", method="HEAD")

    own = {"x-request-id": ""}
    assert get.headers["content-encoding"] == "gzip"
    assert dict(head.headers) | own == dict(get.headers) | own
    assert (nothing, head.headers["content-length"]) == (b"", str(len(content)))


class TestEntityTags:
    async def test_a_version_is_weak_where_its_bytes_are_others(self, client: httpx.AsyncClient, todo: str) -> None:
        plain, _ = await raw(client, todo, None)
        compressed, _ = await raw(client, todo, "zstd")

        assert (plain.headers["etag"], compressed.headers["etag"]) == ('"1"', 'W/"1"')

    async def test_what_is_weak_changes_and_deletes_its_version_and_no_other(
        self, client: httpx.AsyncClient, todo: str
    ) -> None:
        tag = (await raw(client, todo, "gzip"))[0].headers["etag"]

        changed = await client.patch(todo, json={"done": True}, headers={"If-Match": tag})
        stale = await client.patch(todo, json={"done": False}, headers={"If-Match": tag})
        stale_deletion = await client.delete(todo, headers={"If-Match": tag})
        deleted = await client.delete(todo, headers={"If-Match": 'W/"2"'})

        statuses = [response.status_code for response in (changed, stale, stale_deletion, deleted)]
        assert statuses == [200, 412, 412, 204]

    @pytest.mark.parametrize("wanted", [None, "gzip", "zstd"])
    async def test_what_is_not_modified_has_the_headers_of_what_was_sent(
        self, client: httpx.AsyncClient, story: str, todo: str, wanted: str | None
    ) -> None:
        for path in ("/posts", "/todos", story, todo):
            sent, _ = await raw(client, path, wanted)
            for tag in {sent.headers["etag"], sent.headers["etag"].removeprefix("W/")}:
                unchanged, content = await raw(client, path, wanted, If_None_Match=tag)

                assert (unchanged.status_code, content) == (304, b"")
                for name in ("etag", "vary", "cache-control"):
                    assert unchanged.headers[name] == sent.headers[name]
                assert "content-encoding" not in unchanged.headers


async def test_what_writes_is_never_compressed(client: httpx.AsyncClient) -> None:
    created = await client.post("/todos", json={"title": "x", "description": LONG})
    changed = await client.patch(created.headers["location"], json={"done": True})
    token = await client.post("/auth/tokens", json={"name": "x", "scopes": ["todos:read"]})

    for response in (created, changed, token):
        assert response.request.headers["accept-encoding"].startswith("gzip")
        assert response.is_success
        assert "content-encoding" not in response.headers


async def test_what_goes_wrong_is_never_compressed(client: httpx.AsyncClient) -> None:
    response, content = await raw(client, "/posts?" + "&".join(f"unknown{number}=1" for number in range(40)), "gzip")

    assert response.status_code == 422
    assert len(content) > 1_024
    assert "content-encoding" not in response.headers


async def test_a_large_answer_counts_as_what_is_sent(
    services: Services, user: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    unread: list[Answer] = []
    monkeypatch.setattr(services.unread_answers, "add", unread.append)
    async with client_of(app_on(services)) as client:
        for _ in range(10):
            await services.posts.publish(NewPost(content="long " * 4_000), author_id=user.id)
        _, whole = await raw(client, "/posts", None)
        response, content = await raw(client, "/posts", "gzip")

    assert len(whole) > 64 * 1_024 > len(content)
    assert DECODERS["gzip"](content) == whole
    assert response.headers["content-length"] == str(len(content))
    assert [answer.size for answer in unread] == [len(whole)]  # compressed, it is none of the large ones


@pytest.mark.parametrize(("size", "is_beside"), [(64 * 1_024, False), (64 * 1_024 + 1, True)])
async def test_what_takes_long_holds_up_no_other_request(size: int, *, is_beside: bool) -> None:
    threads: list[int] = []

    def compress(body: bytes) -> bytes:
        threads.append(threading.get_ident())
        return body[:1]

    assert await Coding("test", quick=compress, thorough=compress).encode(bytes(size)) == b"\0"
    assert (threads != [threading.get_ident()]) is is_beside


@pytest.mark.parametrize("coding", [None, "gzip", "zstd"])
@pytest.mark.parametrize(
    "path", ["/schema/openapi.json", "/schema/assets/swagger-ui-bundle.js", "/schema/assets/swagger-ui.css"]
)
async def test_the_documentation_is_compressed_as_well(
    client: httpx.AsyncClient, path: str, coding: str | None
) -> None:
    plain, whole = await raw(client, path, None)
    for _ in range(2):  # as it is made, and as it is remembered
        response, content = await raw(client, path, coding)

        assert response.headers.get("content-encoding") == coding
        assert response.headers["vary"] == "Accept-Encoding"
        assert response.headers["content-type"] == plain.headers["content-type"]
        assert DECODERS[coding](content) == whole
        assert coding is None or len(content) < len(whole) / 3


async def test_a_picture_is_compressed_already(client: httpx.AsyncClient) -> None:
    response, content = await raw(client, "/schema/assets/favicon-32x32.png", "gzip")

    assert "content-encoding" not in response.headers
    assert content.startswith(b"\x89PNG")
