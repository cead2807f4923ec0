"""What is true of every answer."""

import asyncio
from contextlib import nullcontext
from ipaddress import ip_network
from typing import Any, NamedTuple, cast

import msgspec
import pytest
from litestar import Litestar
from msgspec.structs import replace

from entrypoints.environment import Secret
from entrypoints.http.middleware.head_and_options import HeadAndOptions
from entrypoints.http.middleware.request_context import RequestContexts
from entrypoints.http.middleware.security_headers import SecurityHeaders
from entrypoints.services import Services
from entrypoints.settings import Settings
from tests.harness import app_on


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


async def ask(
    app: Any,
    method: str = "GET",
    path: str = "/",
    *,
    query: bytes = b"",
    is_broken_off: bool = False,
    host: str | None = "testserver",
    **headers: str,
) -> Answer:
    """Send a request without a client in between, who would leave out what must not be there."""
    named = {} if host is None else {"host": host}
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "scheme": "http",
        "method": method, "path": path, "raw_path": path.encode(), "root_path": "", "query_string": query,
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in (named | headers).items()],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000), "state": {},
    }  # fmt: skip
    messages: list[Any] = []

    async def receive() -> dict[str, Any]:
        if is_broken_off:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)

    running = app.lifespan() if isinstance(app, Litestar) else nullcontext()
    async with running:
        await cast("Any", app)(scope, receive, send)
    start, *parts = messages
    given = [(name.decode(), value.decode()) for name, value in start["headers"]]
    assert len(dict(given)) == len(given), "a header stands twice"
    return Answer(start["status"], dict(given), b"".join(part["body"] for part in parts))


async def echo(_: Any, __: Any, send: Any) -> None:
    """Answer with a header of its own for each default, in parts."""
    headers = [(b"content-length", b"5"), (b"Cache-Control", b"public"), (b"referrer-policy", b"origin")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"hel", "more_body": True})
    await send({"type": "http.response.body", "body": b"lo", "more_body": False})


def app_for(services: Services, **settings: Any) -> Litestar:
    return app_on(services, Settings(**settings))


async def test_every_answer_has_the_security_headers(app: Litestar) -> None:
    for path in ("/", "/nothing", "/todos"):
        headers = (await ask(app, path=path)).headers

        assert headers["cache-control"] == "no-store"
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert "strict-transport-security" not in headers


async def test_every_page_has_a_policy_of_its_own(app: Litestar) -> None:
    pages = [
        (await ask(app, path=path)).headers
        for path in ("/", "/schema", "/schema/", "/schema/openapi.json", "/schema/nothing", "/nothing.html", "/health")
    ]
    html = [headers for headers in pages if headers["content-type"].startswith("text/html")]

    assert len(html) == 2
    for headers in html:
        assert "default-src 'none'; script-src 'self';" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "camera=()" in headers["permissions-policy"]


async def test_only_in_production_browsers_are_told_to_stay_with_https(services: Services) -> None:
    app = app_for(services, environment="production", jwt_secret=Secret("j" * 64))

    assert (await ask(app)).headers["strict-transport-security"] == "max-age=31536000"


async def test_an_answer_keeps_the_headers_that_it_sets_itself() -> None:
    answer = await ask(SecurityHeaders(echo))

    assert (answer.headers["Cache-Control"], answer.headers["referrer-policy"]) == ("public", "origin")
    assert "cache-control" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("given", ["abc", "A-b_c.1", "x" * 100])
async def test_the_request_id_of_a_client_comes_back(given: str) -> None:
    assert (await ask(RequestContexts(echo), x_request_id=given)).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "a b", "x" * 101, "a\nb", "ä", '"', "eyJhbGciOiJIUzI1NiJ9", "0aF9" * 16])
async def test_another_request_id_is_replaced(given: str) -> None:
    answers = [await ask(RequestContexts(echo), x_request_id=given) for _ in range(2)]

    ids = {answer.headers["x-request-id"] for answer in answers}
    assert len(ids) == 2
    assert all(len(one) == 32 and one.isalnum() for one in ids)


async def test_a_problem_names_the_request_id(app: Litestar) -> None:
    answer = await ask(app, path="/nothing", x_request_id="abc")

    assert (answer.headers["x-request-id"], msgspec.json.decode(answer.body)["request_id"]) == ("abc", "abc")


@pytest.mark.parametrize("path", ["/", "/health", "/schema/openapi.json", "/nothing", "/todos"])
async def test_head_has_the_headers_of_get_and_no_body(app: Litestar, path: str) -> None:
    get, head = await ask(app, "GET", path, x_request_id="abc"), await ask(app, "HEAD", path, x_request_id="abc")

    assert get.body
    assert head == Answer(get.status, get.headers, b"")
    assert head.headers["content-length"] == str(len(get.body))


async def test_head_is_silent_however_many_parts_a_body_has() -> None:
    assert (await ask(HeadAndOptions(echo), "HEAD")).body == b""


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/", "GET, HEAD"),
        ("/todos", "GET, HEAD, POST"),
        ("/todos/1", "DELETE, GET, HEAD, PATCH"),
        ("/auth/login", "POST"),
    ],
)
async def test_options_names_the_methods_of_a_path(app: Litestar, path: str, allowed: str) -> None:
    answer = await ask(app, "OPTIONS", path)

    assert (answer.status, answer.body) == (204, b"")
    assert sorted(answer.headers["allow"].split(", ")) == sorted([*allowed.split(", "), "OPTIONS"])
    assert not [name for name in answer.headers if name.startswith("content-") and name != "content-security-policy"]


async def test_options_of_nothing_is_not_found_and_says_so(app: Litestar) -> None:
    answer = await ask(app, "OPTIONS", "/nothing")

    assert (answer.status, msgspec.json.decode(answer.body)["code"]) == (404, "not_found")
    assert answer.headers["content-length"] == str(len(answer.body))


async def test_a_method_that_a_path_does_not_know_is_told_those_it_knows(app: Litestar) -> None:
    answer = await ask(app, "PUT", "/todos")

    assert answer.status == 405
    assert {"GET", "HEAD", "POST"} <= set(answer.headers["allow"].split(", "))


HOSTS = ("api.example.com", "*.Example.org", "[::1]", "127.0.0.1")


@pytest.mark.parametrize(
    "host",
    [
        "api.example.com",
        "API.Example.COM:8000",
        "a.example.org",
        "a.b.example.org:443",
        "[::1]",
        "[::1]:8000",
        "127.0.0.1:8000",
    ],
)
async def test_a_service_answers_to_its_names(services: Services, host: str) -> None:
    assert (await ask(app_for(services, allowed_hosts=HOSTS), host=host)).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "",
        "example.com",
        "example.org",
        "evilexample.org",
        "api.example.com.evil.example",
        "api.example.com:evil",
        "evil.example:api.example.com",
        "[::2]:8000",
        "::1",
        "[::1",
        "127.0.0.2",
    ],
)
async def test_a_service_answers_to_no_other_name(services: Services, host: str) -> None:
    answer = await ask(app_for(services, allowed_hosts=HOSTS), host=host)

    assert (answer.status, msgspec.json.decode(answer.body)["code"]) == (400, "unknown_host")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("method", ["OPTIONS", "HEAD"])
async def test_a_wrong_name_is_refused_whatever_the_method(services: Services, method: str) -> None:
    answer = await ask(app_for(services, allowed_hosts=HOSTS), method, host="evil.example")

    assert answer.status == 400
    assert len(answer.body) == (0 if method == "HEAD" else int(answer.headers["content-length"]))


@pytest.mark.parametrize("allowed", [HOSTS, ("*",)])
async def test_a_request_without_a_host_is_refused(services: Services, allowed: tuple[str, ...]) -> None:
    assert (await ask(app_for(services, allowed_hosts=allowed), host=None)).status == 400


@pytest.mark.parametrize("path", ["/health", "/health/ready"])
async def test_whoever_asks_for_the_health_knows_an_address_only(services: Services, path: str) -> None:
    app = app_for(services, allowed_hosts=HOSTS)

    assert (await ask(app, path=path, host="10.0.0.7:8000")).status == 200


async def test_without_names_every_host_is_served(app: Litestar) -> None:
    assert (await ask(app, host="whatever.example")).status == 200


@pytest.mark.parametrize("host", ["", "a b", "a/b", "a@b", "a,b", "evil.example/path", "a:b", "[1]:2:3", "x" * 256])
async def test_what_is_no_host_is_never_served(app: Litestar, host: str) -> None:
    answer = await ask(app, host=host)

    assert (answer.status, msgspec.json.decode(answer.body)["code"]) == (400, "unknown_host")


async def test_a_browser_may_ask_beforehand_if_its_origin_is_trusted(services: Services) -> None:
    app = app_for(services, cors_origins=("https://a.example",))
    preflight: dict[str, Any] = {"access_control_request_method": "PATCH", "access_control_request_headers": "if-match"}

    answer = await ask(app, "OPTIONS", "/todos/1", origin="https://a.example", **preflight)

    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "https://a.example"
    assert "PATCH" in answer.headers["access-control-allow-methods"]
    assert "if-match" in answer.headers["access-control-allow-headers"].lower()
    assert answer.headers["access-control-max-age"] == "600"
    assert "access-control-allow-credentials" not in answer.headers


async def test_the_answer_itself_may_be_read_by_a_trusted_origin_only(services: Services) -> None:
    app = app_for(services, cors_origins=("https://a.example",))

    trusted = await ask(app, origin="https://a.example")
    other = await ask(app, origin="https://b.example")

    assert trusted.headers["access-control-allow-origin"] == "https://a.example"
    assert "etag" in trusted.headers["access-control-expose-headers"].lower()
    assert "access-control-allow-origin" not in other.headers


@pytest.mark.parametrize(
    ("path", "host", "status", "code"),
    [
        ("/" + "x" * 2_000, "api.example.com", 414, "uri_too_long"),
        ("/posts", "evil.example", 400, "unknown_host"),
        ("/posts", "api.example.com", 403, "https_required"),
    ],
)
async def test_a_page_can_read_why_its_request_went_no_further(
    services: Services, path: str, host: str, status: int, code: str
) -> None:
    app = app_for(
        services,
        cors_origins=("https://a.example",),
        allowed_hosts=HOSTS,
        force_https=True,
        trusted_proxies=(ip_network("192.0.2.0/24"),),
    )

    answer = await ask(app, "POST", path, host=host, origin="https://a.example")

    assert (answer.status, msgspec.json.decode(answer.body)["code"]) == (status, code)
    assert answer.headers["access-control-allow-origin"] == "https://a.example"
    assert "retry-after" in answer.headers["access-control-expose-headers"].lower()


async def test_a_page_can_read_that_its_request_took_too_long(services: Services) -> None:
    class Slow:
        async def page(self, *_: object, **__: object) -> None:
            await asyncio.sleep(3_600)

    app = app_for(replace(services, posts=Slow()), cors_origins=("https://a.example",), request_timeout=0)

    answer = await ask(app, path="/posts", origin="https://a.example")

    assert (answer.status, msgspec.json.decode(answer.body)["code"]) == (503, "timed_out")
    assert answer.headers["access-control-allow-origin"] == "https://a.example"


async def test_without_trusted_origins_no_browser_is_let_in(app: Litestar) -> None:
    answer = await ask(app, "OPTIONS", "/todos", origin="https://a.example", access_control_request_method="GET")

    assert "access-control-allow-origin" not in answer.headers


async def test_what_is_not_http_is_refused(app: Litestar) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"type": "websocket", "path": "/", "headers": [], "query_string": b""}
    async with app.lifespan():
        await cast("Any", app)(scope, None, send)

    assert [message["type"] for message in sent] == ["websocket.close"]


@pytest.mark.parametrize(
    ("path", "query"),
    [("/" + "x" * 1_024, b""), ("/posts", b"x" * 8_193), ("/posts", b"&".join([b"a"] * 51))],
)
async def test_what_would_fill_the_caches_of_the_framework_is_refused(app: Litestar, path: str, query: bytes) -> None:
    answer = await ask(app, path=path, query=query)

    assert (answer.status, msgspec.json.decode(answer.body)["code"]) == (414, "uri_too_long")


async def test_a_body_that_breaks_off_is_no_fault_of_ours(app: Litestar, caplog: pytest.LogCaptureFixture) -> None:
    answer = await ask(
        app, "POST", "/auth/register", is_broken_off=True, content_type="application/json", content_length="100"
    )

    assert (answer.status, msgspec.json.decode(answer.body)["code"]) == (400, "bad_request")
    assert caplog.records == []
