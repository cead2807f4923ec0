"""What a client sends and gets back in a header: nothing of it makes a header, a redirect or a second answer."""

import re
from ipaddress import ip_network
from urllib.parse import unquote

import pytest
from litestar import Litestar

from entrypoints.services import Services
from entrypoints.settings import Settings
from tests.api import routes_of
from tests.contract.hostile_account import HostileApi, Stored
from tests.harness import app_on
from tests.raw_http import RawAnswer, raw_answer

INJECTIONS = [
    "\r\nX-Evil: 1",
    "x\r\nX-Evil: 1",
    "x\nX-Evil: 1",
    "x\rX-Evil: 1",
    "x\r\n\r\n<script>evil</script>",
    "x\0evil",
    "x\x85evil\x0b",
    "evil\xff",
    '"; evil="1',
    "x, evil",
    "evil<>&",
]
"""As they would look to an application if the server before it let them pass."""

IN_A_TARGET = [
    b"%0d%0aX-Evil:%201",
    b"%0aX-Evil:1",
    b"%0dX-Evil:1",
    b"%0d%0a%0d%0aevil",
    b"%00evil",
    b"%250d%250aX-Evil:1",
    b"%ff%0d%0aevil",
    b"%3Cevil%3E",
    b"evil%22%3E;rel=%22x",
    b"\r\nX-Evil: 1",
    b"%E5%98%8A%E5%98%8DX-Evil:1",
]
"""The last one becomes a line break where characters are cut to their lower byte."""

REFLECTED = ["X-Request-ID", "traceparent", "tracestate", "Origin", "If-None-Match", "If-Match", "Accept", "Host"]
PREFLIGHT = ["Access-Control-Request-Headers", "Access-Control-Request-Method"]

EVIL_HEADERS = [
    ("Host", "evil.example"),
    ("Host", "evil.example:80"),
    ("Host", "testserver@evil.example"),
    ("Host", "testserver.evil.example"),
    ("X-Forwarded-Host", "evil.example"),
    ("X-Forwarded-Host", "testserver, evil.example"),
    ("X-Forwarded-Server", "evil.example"),
    ("X-Forwarded-Prefix", "//evil.example"),
    ("X-Forwarded-Port", "1@evil.example"),
    ("X-Forwarded-Proto", "https"),
    ("X-Original-URL", "//evil.example/"),
    ("X-Rewrite-URL", "https://evil.example/"),
    ("Forwarded", "for=1.2.3.4;host=evil.example;proto=https"),
    ("Referer", "https://evil.example/"),
]

EVIL_TARGETS = [
    b"//evil.example",
    b"//evil.example/",
    b"//evil.example/todos/",
    b"///evil.example",
    b"/\\evil.example",
    b"/%5cevil.example",
    b"/%2f%2fevil.example",
    b"/%2f/evil.example/..",
    b"/%09/evil.example",
    b"/.evil.example",
    b"/@evil.example",
    b"https://evil.example/",
    b"http://evil.example/todos/",
    b"/todos//evil.example",
    b"/todos/%2e%2e//evil.example/",
    b"/todos/?next=https://evil.example",
    b"/?redirect=//evil.example",
    b"/auth/login?return_to=https://evil.example",
    b"/schema/?url=https://evil.example",
    b"/schema//evil.example/",
    b"/%0d%0aLocation:%20https://evil.example",
]


async def ask(
    app: Litestar, method: str, target: bytes, *headers: tuple[str, str], token: str, body: object = None
) -> RawAnswer:
    """Call the application as somebody who is signed in, with headers as they are."""
    usual = {"Host": "testserver", "Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    kept = [(name, value) for name, value in usual.items() if name not in dict(headers)]
    return await raw_answer(app, method, target, headers=[*kept, *headers], body=body)


def assert_clean(answer: RawAnswer) -> None:
    """Assert that no header breaks a line, stands there twice without leave, or says what the client made up."""
    assert answer.status < 500
    for name, value in answer.headers:
        assert re.fullmatch(rb"[a-z0-9-]+", name), answer.headers
        assert re.fullmatch(rb"[\t\x20-\x7e]*", value), answer.headers
    names = [name for name, _ in answer.headers if name not in {b"vary", b"link"}]
    assert len(names) == len(set(names)), answer.headers
    assert not any(b"evil" in name for name, _ in answer.headers)
    assert not answer.values(b"set-cookie")


class HeaderInjectionApi(HostileApi):
    """Every value that an answer's header repeats."""

    @pytest.mark.parametrize("value", INJECTIONS, ids=repr)
    async def test_no_header_makes_another_one(self, app: Litestar, stored: Stored, value: str) -> None:
        for path in ("/health", "/todos", "/posts", "/nowhere", f"/todos/{stored.ids['todo']}"):
            for name in REFLECTED:
                answer = await ask(app, "GET", path.encode(), (name, value), token=stored.token)

                assert_clean(answer)
                assert not any(b"evil" in reflected for _, reflected in answer.headers), answer.headers
                assert re.fullmatch(rb"[A-Za-z0-9._-]{1,100}", answer.values(b"x-request-id")[0])

    @pytest.mark.parametrize("text", IN_A_TARGET, ids=repr)
    async def test_no_path_and_no_query_makes_a_header(self, app: Litestar, stored: Stored, text: bytes) -> None:
        paths = {
            route.path.split("{")[0].encode() + (text if "{" in route.path else b"")
            for route in routes_of(app)
            if route.method == "GET"
        }
        targets = [
            *paths,
            b"/" + text,
            *(path + b"?x=" + text for path in paths),
            b"/todos?limit=1&tag=home&q=" + text,
            b"/todos?limit=1&sort=" + text,
            b"/todos?limit=1&x" + text + b"=1",
            b"/posts?per_page=1&page=1&" + text,
        ]

        for target in targets:
            answer = await ask(app, "GET", target, token=stored.token)

            assert_clean(answer)

    async def test_the_link_to_the_next_page_keeps_a_hostile_query_inside_of_its_brackets(
        self, app: Litestar, stored: Stored
    ) -> None:
        texts = (b"%0d%0aX-Evil:1", b"%3E;rel=%22evil%22", b"%22%3E", b">;rel=evil,<https://evil.example>")
        description = unquote(b" ".join(texts))
        for _ in range(2):
            await stored.client.post("/todos", json={"title": "x", "description": description, "tags": ["home"]})

        for text in texts:
            target = b"/todos?limit=1&tag=home&q=" + text

            answer = await ask(app, "GET", target, token=stored.token)

            assert_clean(answer)
            (link,) = answer.values(b"link")
            assert re.fullmatch(rb'<\?[^<>"\s]*>; ?rel="next"', link), link

    @pytest.mark.parametrize("value", INJECTIONS, ids=repr)
    async def test_a_preflight_reflects_nothing(self, services: Services, value: str) -> None:
        app = app_on(services, Settings(cors_origins=("https://app.example",)))
        async with app.lifespan():
            for name in ("Origin", *PREFLIGHT):
                headers = {"Host": "testserver", "Origin": "https://app.example"}
                headers |= {"Access-Control-Request-Method": "GET"} | {name: value}

                answer = await raw_answer(app, "OPTIONS", b"/todos", headers=list(headers.items()))

                assert_clean(answer)
                assert set(answer.values(b"access-control-allow-origin")) <= {b"https://app.example"}


class RedirectsApi(HostileApi):
    """Nothing leads away from here."""

    @pytest.mark.parametrize("target", EVIL_TARGETS, ids=repr)
    async def test_no_target_redirects(self, app: Litestar, stored: Stored, target: bytes) -> None:
        for method in ("GET", "HEAD", "POST", "OPTIONS"):
            answer = await ask(app, method, target, token=stored.token)

            assert_clean(answer)
            assert answer.status not in range(300, 400), answer
            assert not answer.values(b"location"), answer

    @pytest.mark.parametrize(("name", "value"), EVIL_HEADERS, ids=str)
    async def test_no_header_makes_a_link_lead_away(self, app: Litestar, stored: Stored, name: str, value: str) -> None:
        # Where tokens come from is described under the name that was asked for, to whoever asked.
        paths = [
            route.path
            for route in routes_of(app)
            if route.method == "GET" and "{" not in route.path and not route.path.startswith("/.well-known/")
        ]
        await stored.client.post("/todos", json={"title": "another one"})
        header, token = (name, value), stored.token

        answers = [
            await ask(app, "POST", b"/todos", header, token=token, body={"title": "x"}),
            await ask(app, "GET", b"/todos?limit=1", header, token=token),
        ]
        for path in paths:
            answers += [await ask(app, "GET", f"{path}{slash}".encode(), header, token=token) for slash in ("", "/")]

        for answer in answers:
            assert_clean(answer)
            assert answer.status not in range(300, 400), answer
            assert not any(b"evil" in given for _, given in answer.headers), answer
            assert b"evil" not in answer.body
        if "@" in value and name == "Host":
            assert {answer.status for answer in answers} <= {200, 400}  # the health is told to whoever asks
        else:
            assert answers[0].status == 201
            assert answers[0].values(b"location")[0].startswith(b"/todos/")

    @pytest.mark.parametrize("target", EVIL_TARGETS, ids=repr)
    async def test_the_way_to_https_leads_to_the_same_host(self, services: Services, target: bytes) -> None:
        settings = Settings(
            force_https=True, trusted_proxies=(ip_network("10.0.0.0/8"),), allowed_hosts=("testserver",)
        )
        app = app_on(services, settings)
        async with app.lifespan():
            for header in (("Accept", "*/*"), *EVIL_HEADERS):
                host = [] if header[0] == "Host" else [("Host", "testserver")]

                answer = await raw_answer(app, "GET", target, headers=[*host, header])

                assert_clean(answer)
                for location in answer.values(b"location"):
                    assert re.match(rb"https://testserver([/?]|$)", location), location
