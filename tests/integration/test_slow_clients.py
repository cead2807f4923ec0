"""Clients that take their time, in hundreds: they hold connections, never a worker, and not for ever."""

import socket
import statistics
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack

import httpx
import pytest

from tests.integration.processes import TIMEOUT, Server, serving
from tests.integration.sockets import code_of, connect, everything, parsed

MANY = 300
REQUEST_TIMEOUT = 2
"""Seconds; headers have as long, and a body has half of it."""

SLOW_HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
SLOW_BODY = (
    b"POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 1000\r\n\r\n"
)
SLOW_CHUNKS = (
    b"POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """One worker with little patience."""
    home = tmp_path_factory.mktemp("slow")
    with serving(
        home,
        REQUEST_TIMEOUT=f"{REQUEST_TIMEOUT}",
        RATE_LIMIT="off",
        MAX_CONNECTIONS_PER_ADDRESS=f"{4 * MANY}",
    ) as server:
        yield server


def test_hundreds_of_slow_clients_keep_nobody_waiting_and_are_cut_off(server: Server) -> None:
    with ExitStack() as stack:
        alone = statistics.median(time_of_a_request(server) for _ in range(20))
        heads = open_many(stack, server, SLOW_HEAD)
        bodies = open_many(stack, server, SLOW_BODY)
        chunks = open_many(stack, server, SLOW_CHUNKS)
        meanwhile = statistics.median(time_of_a_request(server) for _ in range(20))
        drip(heads, b"x")
        drip(bodies, b"x")
        drip(chunks, b"1\r\nx\r\n")
        answers_to_heads = [parsed(everything(connection)) for connection in heads]
        answers_to_bodies = [parsed(everything(connection)) for connection in bodies + chunks]
    afterwards = httpx.get(f"{server.url}/health", timeout=TIMEOUT)

    # Were they kept waiting, it would be until the slow ones are cut off, if not for all of these one after the other.
    assert meanwhile < 10 * alone + REQUEST_TIMEOUT / 4
    assert {status for status, _ in answers_to_heads} <= {0, 408}
    assert {(status, code_of(body)) for status, body in answers_to_bodies} == {(408, "body_timeout")}
    assert afterwards.is_success


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Only Linux closes them.")
def test_a_client_that_does_not_read_its_answers_is_cut_off(server: Server) -> None:
    time.sleep(0.5)  # those who came in the first moments of the server are spared
    ask = b"GET /schema/assets/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connect(server) as patient, connect(server) as reader:
        for connection in (patient, reader):
            connection.sendall(ask * 20)

        taken = 0
        for _ in range(8 * REQUEST_TIMEOUT):  # one takes a little at a time, the other nothing
            taken += len(reader.recv(100_000))
            time.sleep(0.5)

        assert len(reader.recv(1)) == 1
        assert taken > 0
        with pytest.raises(ConnectionError):
            read_to_the_end(patient)


@pytest.mark.parametrize("begin", [b"", b"G", b"GET / HTTP/1.1\r\n", b"PRI * HTTP/2.0\r\n"])
def test_a_connection_without_a_request_is_closed(server: Server, begin: bytes) -> None:
    with connect(server) as connection:
        connection.sendall(begin)

        assert parsed(everything(connection))[0] in {0, 400}


def test_a_connection_that_is_kept_alive_is_closed_when_nothing_comes_any_more(server: Server) -> None:
    with connect(server) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")

        status, body = parsed(everything(connection))

    assert (status, body) == (200, b'{"status":"healthy"}')


def test_a_body_that_is_slow_but_in_time_is_taken(server: Server) -> None:
    with connect(server) as connection:
        connection.sendall(SLOW_CHUNKS.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        for _ in range(4):
            time.sleep(REQUEST_TIMEOUT / 2 / 8)
            connection.sendall(b"1\r\nx\r\n")
        connection.sendall(b"0\r\n\r\n")

        status, body = parsed(everything(connection))

    assert (status, code_of(body)) == (400, "invalid")


def test_nobody_reads_the_body_of_who_may_not_send_one(server: Server) -> None:
    head = SLOW_BODY.replace(b"/auth/login", b"/todos")
    with connect(server) as connection:
        connection.sendall(head)

        # Whoever had read the body would have said 408.
        assert parsed(everything(connection))[0] == 401


def test_clients_that_go_away_in_the_middle_are_no_errors(server: Server) -> None:
    before = len(server.log.read_text(encoding="utf-8"))
    for begin in (SLOW_HEAD, SLOW_BODY, SLOW_BODY + b"username=", SLOW_CHUNKS, SLOW_CHUNKS + b"5\r\nxy"):
        for _ in range(10):
            with connect(server) as connection:
                connection.sendall(begin)
    time.sleep(REQUEST_TIMEOUT * 0.75)  # by then they would have been given up

    assert httpx.get(f"{server.url}/health", timeout=TIMEOUT).is_success
    log = server.log.read_text(encoding="utf-8")[before:]
    assert not [line for line in log.splitlines() if "error" in line.lower() or "Traceback" in line]
    assert "status=500" not in log


def open_many(stack: ExitStack, server: Server, begin: bytes) -> list[socket.socket]:
    """Open connections on which a request begins."""
    connections = [stack.enter_context(connect(server)) for _ in range(MANY)]
    for connection in connections:
        connection.sendall(begin)
    return connections


def drip(connections: Sequence[socket.socket], drop: bytes) -> None:
    """Send a little more on each, as far as they are still there."""
    for connection in connections:
        try:
            connection.sendall(drop)
        except OSError:
            continue


def time_of_a_request(server: Server) -> float:
    """Return in how many seconds somebody who is not slow is answered."""
    begun = time.monotonic()
    httpx.get(f"{server.url}/posts", timeout=TIMEOUT)
    return time.monotonic() - begun


def read_to_the_end(connection: socket.socket) -> None:
    while connection.recv(1_000_000):
        pass
