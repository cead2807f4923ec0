"""The server behind a reverse proxy that ends TLS: what it believes, and how long it waits."""

import time
from collections.abc import Generator

import pytest

from tests.integration.processes import Server, serving
from tests.integration.sockets import code_of, connect, exchange, raw_answer

HOST = "Host: api.example.com"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """A server that is called over HTTPS only, through a proxy."""
    home = tmp_path_factory.mktemp("proxied")
    with serving(
        home,
        FORCE_HTTPS="on",
        TRUSTED_PROXIES="127.0.0.1",
        ALLOWED_HOSTS="api.example.com,127.0.0.1",
        RATE_LIMIT="off",
        REQUEST_TIMEOUT="1",
    ) as server:
        yield server


@pytest.mark.parametrize("target", ["/posts?page=2&x=%20", "/a%2Fb", "//evil.example/"])
def test_whoever_reads_over_plain_http_is_sent_to_https(server: Server, target: str) -> None:
    answer = raw_answer(server, f"GET {target} HTTP/1.1", "Host: api.example.com:8000", "X-Forwarded-Proto: http")

    assert answer.startswith(b"HTTP/1.1 308 ")
    assert f"\r\nlocation: https://api.example.com{target}\r\n".encode() in answer
    assert b"strict-transport-security" not in answer


def test_whoever_writes_over_plain_http_is_refused(server: Server) -> None:
    status, body = exchange(server, "POST /auth/login HTTP/1.1", HOST, "Content-Length: 3", body=b"a=b")

    assert (status, code_of(body)) == (403, "https_required")


def test_whoever_came_over_https_is_answered(server: Server) -> None:
    answer = raw_answer(server, "GET /posts HTTP/1.1", HOST, "X-Forwarded-For: 8.8.8.8", "X-Forwarded-Proto: https")

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"strict-transport-security: max-age=31536000" in answer


def test_a_proxy_may_keep_its_connections(server: Server) -> None:
    with connect(server) as connection:
        for _ in range(2):
            connection.sendall(f"GET /health HTTP/1.1\r\n{HOST}\r\n\r\n".encode())
            assert connection.recv(10_000).startswith(b"HTTP/1.1 200 ")
            time.sleep(1.5)  # longer than a request may take
