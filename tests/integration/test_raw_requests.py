"""What the server and the service make of requests that no client library sends."""

import re
import time
from collections.abc import Generator

import httpx
import pytest

from tests.integration.processes import TIMEOUT, Server, serving
from tests.integration.sockets import code_of, connect, everything, exchange, parsed

FORM = "Content-Type: application/x-www-form-urlencoded"
HOST = "Host: api.example.com"
LOGIN = ("POST /auth/login HTTP/1.1", HOST, FORM)
MAX_HEADER_SIZE = 32 * 1_024
A_CHUNK = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """A server that has a name."""
    home = tmp_path_factory.mktemp("raw")
    with serving(home, ALLOWED_HOSTS="api.example.com,[::1]", RATE_LIMIT="off", REQUEST_TIMEOUT="2") as server:
        yield server


@pytest.fixture(autouse=True)
def nothing_is_an_error(server: Server) -> Generator[None]:
    """Look at the log after each test: whatever somebody sends is no fault of ours."""
    before = len(server.log.read_bytes())
    yield
    assert httpx.get(f"{server.url}/health", timeout=TIMEOUT).is_success
    log = server.log.read_bytes()[before:].decode()
    assert not [line for line in log.splitlines() if "[error" in line or "Traceback" in line or "status=5" in line]


def a_head(size: int) -> bytes:
    """Return a request of as many bytes."""
    begin = f"GET /posts HTTP/1.1\r\n{HOST}\r\nConnection: close\r\nX: "
    return f"{begin}{'x' * (size - len(begin) - 4)}\r\n\r\n".encode()


class TestHosts:
    @pytest.mark.parametrize("host", ["api.example.com", "API.example.com:8000", "[::1]", "[::1]:8000"])
    def test_our_names_are_answered(self, server: Server, host: str) -> None:
        assert exchange(server, "GET /posts HTTP/1.1", f"Host: {host}")[0] == 200

    @pytest.mark.parametrize(
        "lines",
        [
            (),
            ("Host:",),
            ("Host: evil.example",),
            ("Host: 127.0.0.1",),
            ("Host: [::2]",),
            ("Host: [::1",),
            ("Host: api.example.com/x",),
            (HOST, HOST),
            (HOST, "Host: evil.example"),
            ("Host: evil.example", HOST),
            ("Host: \xff",),
        ],
    )
    def test_any_other_host_or_none_or_two_are_refused(self, server: Server, lines: tuple[str, ...]) -> None:
        status, body = exchange(server, "GET /posts HTTP/1.1", *lines)

        assert (status, code_of(body)) == (400, "unknown_host")

    def test_an_old_client_names_no_host(self, server: Server) -> None:
        assert exchange(server, "GET /health HTTP/1.0")[0] == 200

    @pytest.mark.parametrize("host", [HOST, "Host: evil.example"])
    def test_a_whole_url_as_the_target_changes_nothing(self, server: Server, host: str) -> None:
        ours, theirs = (
            exchange(server, f"GET http://{authority}/posts HTTP/1.1", host)[0]
            for authority in ("api.example.com", "evil.example")
        )

        assert ours == theirs == (200 if host == HOST else 400)

    @pytest.mark.parametrize("line", ["OPTIONS * HTTP/1.1", "CONNECT api.example.com:443 HTTP/1.1", "TRACE / HTTP/1.1"])
    def test_other_targets_and_methods_are_no_surprise(self, server: Server, line: str) -> None:
        assert exchange(server, line, HOST)[0] in {400, 404, 405}


class TestHeads:
    def test_what_a_client_needs_has_room(self, server: Server) -> None:
        assert (
            exchange(server, "GET /posts HTTP/1.1", HOST, *[f"X-{number}: {'x' * 200}" for number in range(90)])[0]
            == 200
        )

    def test_long_headers_are_refused(self, server: Server) -> None:
        assert exchange(server, "GET /posts HTTP/1.1", HOST, f"X: {'x' * 100_000}")[0] == 431

    @pytest.mark.parametrize("part", [1_000, MAX_HEADER_SIZE])
    def test_a_head_of_32_kibibytes_has_room_however_it_arrives(self, server: Server, part: int) -> None:
        head = a_head(MAX_HEADER_SIZE)
        with connect(server) as connection:
            for start in range(0, len(head), part):
                connection.sendall(head[start : start + part])
            status, _ = parsed(everything(connection))

        assert status == 200

    def test_one_of_more_than_48_is_refused_even_if_it_arrives_at_once(self, server: Server) -> None:
        with connect(server) as connection:
            connection.sendall(a_head(MAX_HEADER_SIZE + MAX_HEADER_SIZE // 2 + 1))
            status, _ = parsed(everything(connection))

        assert status == 431

    @pytest.mark.parametrize(("lines", "expected"), [(100, 200), (101, 431)])
    def test_a_hundred_header_lines_have_room(self, server: Server, lines: int, expected: int) -> None:
        others = ["X: x"] * (lines - 2)  # beside Host and Connection

        assert exchange(server, "GET /posts HTTP/1.1", HOST, *others)[0] == expected

    def test_many_headers_are_refused(self, server: Server) -> None:
        assert exchange(server, "GET /posts HTTP/1.1", HOST, *["X: x"] * 200)[0] == 431

    def test_a_long_target_is_refused(self, server: Server) -> None:
        assert exchange(server, f"GET /posts?{'x' * 10_000} HTTP/1.1", HOST)[0] == 414
        assert exchange(server, f"GET /{'x' * 100_000} HTTP/1.1", HOST)[0] in {414, 431}

    @pytest.mark.parametrize(
        "lines",
        [
            ("GET",),
            ("GET / HTTP/9.9", HOST),
            ("GET /\x01 HTTP/1.1", HOST),
            ("GET / HTTP/1.1", HOST, "no colon"),
            ("GET / HTTP/1.1", HOST, "X: a\x00b"),
            ("GET / HTTP/1.1", HOST, " X: folded"),
        ],
    )
    def test_what_is_no_http_is_refused(self, server: Server, lines: tuple[str, ...]) -> None:
        assert exchange(server, *lines)[0] in {0, 400}


class TestBodies:
    def test_a_large_body_is_refused_before_it_is_sent(self, server: Server) -> None:
        status, body = exchange(server, *LOGIN, "Content-Length: 5000000")

        assert (status, code_of(body)) == (413, "body_too_large")

    def test_a_large_body_is_refused_even_if_nobody_said_how_large_it_is(self, server: Server) -> None:
        status, body = exchange(server, *LOGIN, "Transfer-Encoding: chunked", body=A_CHUNK * 17 + b"0\r\n\r\n")

        assert (status, code_of(body)) == (413, "body_too_large")

    def test_a_body_that_never_ends_is_cut_off_at_its_limit(self, server: Server) -> None:
        sent = 0
        with connect(server) as connection:
            connection.sendall("\r\n".join((*LOGIN, "Transfer-Encoding: chunked", "", "")).encode())
            try:
                while sent < 64 * 1024 * 1024:
                    connection.sendall(A_CHUNK)
                    sent += 0x10000
            except OSError:
                pass

        assert sent < 64 * 1024 * 1024

    def test_a_body_that_is_shorter_than_it_says_is_waited_for_but_not_for_ever(self, server: Server) -> None:
        status, body = exchange(server, *LOGIN, "Content-Length: 10", body=b"a=b")

        assert (status, code_of(body)) == (408, "body_timeout")

    def test_what_follows_a_body_that_is_longer_than_it_says_is_another_request(self, server: Server) -> None:
        with connect(server) as connection:
            connection.sendall(
                "\r\n".join((*LOGIN, "Content-Length: 3", "", "a=bGET /nothing HTTP/1.1", HOST, "", "")).encode()
            )
            answers = everything(connection)

        assert re.findall(rb"HTTP/1.1 (\d+) ", answers) == [b"400", b"404"]

    @pytest.mark.parametrize(
        "lines",
        [
            ("Content-Length: -5",),
            ("Content-Length: +5",),
            ("Content-Length: 5, 6",),
            ("Content-Length: 99999999999999999999999",),
            ("Content-Length: 3", "Content-Length: 4"),
            ("Transfer-Encoding: gzip",),
        ],
    )
    def test_a_length_that_is_none_is_refused(self, server: Server, lines: tuple[str, ...]) -> None:
        assert exchange(server, *LOGIN, *lines, body=b"a=b")[0] == 400

    @pytest.mark.parametrize("chunks", [b"zzz\r\n", b"-1\r\n", b"fffffffffffffffff\r\n", b"3\r\nabcdef\r\n0\r\n\r\n"])
    def test_chunks_that_are_none_are_refused(self, server: Server, chunks: bytes) -> None:
        status, body = exchange(server, *LOGIN, "Transfer-Encoding: chunked", body=chunks)

        assert (status, code_of(body)) == (400, "bad_request")

    def test_two_lengths_hide_no_second_request(self, server: Server) -> None:
        begun = time.monotonic()
        with connect(server) as connection:
            smuggled = f"0\r\n\r\nGET /nothing HTTP/1.1\r\n{HOST}\r\n\r\n".encode()
            lines = (*LOGIN, f"Content-Length: {len(smuggled)}", "Transfer-Encoding: chunked", "", "")
            connection.sendall("\r\n".join(lines).encode() + smuggled)
            answers = everything(connection)

        assert answers.count(b"HTTP/1.1") == 1  # the connection is closed after it (RFC 9112, section 6.1)
        assert time.monotonic() - begun < TIMEOUT
