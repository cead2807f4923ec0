"""Connections to a real server: one address can hold so many and no more, and the idle ones make room."""

import fcntl
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from entrypoints.connections import sockets
from tests.abuse.people import signed_in
from tests.integration.processes import TIMEOUT, Server, eventually, serving, todo_api
from tests.integration.sockets import parsed

MAX_CONNECTIONS_PER_CLIENT = 20
GREEDY, NEIGHBOUR, PROXY = "127.0.0.66", "127.0.0.9", "127.0.0.77"
ASK = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"

pytestmark = pytest.mark.skipif(not sockets.IS_SUPPORTED, reason="Only Linux shows a process its connections.")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """A server that knows a proxy, and keeps connections for as long as proxies like it."""
    home = tmp_path_factory.mktemp("connections")
    with serving(home, MAX_CONNECTIONS_PER_ADDRESS=f"{MAX_CONNECTIONS_PER_CLIENT}", TRUSTED_PROXIES=PROXY) as server:
        yield server


@pytest.fixture
def opened(server: Server) -> Generator[Callable[[int, str], list[socket.socket]]]:
    """Open so many connections from an address, each of which has been used."""
    with ExitStack() as stack:

        def opened(amount: int, address: str) -> list[socket.socket]:
            return [used(stack.enter_context(connected(server, address))) for _ in range(amount)]

        yield opened


def test_an_address_keeps_as_many_connections_as_it_may_have(
    opened: Callable[[int, str], list[socket.socket]],
) -> None:
    neighbours = opened(MAX_CONNECTIONS_PER_CLIENT, NEIGHBOUR)
    connections = opened(3 * MAX_CONNECTIONS_PER_CLIENT, GREEDY)

    assert eventually(lambda: len(alive(connections)) == MAX_CONNECTIONS_PER_CLIENT)

    assert len(alive(neighbours)) == MAX_CONNECTIONS_PER_CLIENT
    assert answers(neighbours[0])
    assert not alive(connections[:MAX_CONNECTIONS_PER_CLIENT]), "the longest idle are the first to go"


def test_a_proxy_has_as_many_as_it_needs(opened: Callable[[int, str], list[socket.socket]]) -> None:
    connections = opened(2 * MAX_CONNECTIONS_PER_CLIENT, PROXY)
    of_a_client = opened(2 * MAX_CONNECTIONS_PER_CLIENT, GREEDY)

    assert eventually(lambda: len(alive(of_a_client)) == MAX_CONNECTIONS_PER_CLIENT)

    assert len(alive(connections)) == 2 * MAX_CONNECTIONS_PER_CLIENT


def test_a_request_that_is_under_way_outlasts_idle_connections(
    server: Server, opened: Callable[[int, str], list[socket.socket]]
) -> None:
    with connected(server, GREEDY) as busy:
        busy.sendall(ASK[:-2])
        time.sleep(0.1)  # so that the others are idle for less long
        connections = opened(2 * MAX_CONNECTIONS_PER_CLIENT, GREEDY)

        eventually(lambda: len(alive(connections)) == MAX_CONNECTIONS_PER_CLIENT - 1)
        busy.sendall(ASK[-2:])

        assert parsed(busy.recv(65_536))[0] == 200


def connected(server: Server, address: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT, source_address=(address, 0))


def used(connection: socket.socket) -> socket.socket:
    with suppress(OSError):
        answers(connection)
    return connection


def answers(connection: socket.socket) -> bool:
    connection.sendall(ASK)
    return parsed(connection.recv(65_536))[0] == 200


def alive(connections: Sequence[socket.socket]) -> list[socket.socket]:
    return [connection for connection in connections if is_alive(connection)]


def is_alive(connection: socket.socket) -> bool:
    connection.settimeout(0)
    try:
        return connection.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        connection.settimeout(TIMEOUT)


def test_looking_at_connections_leaves_the_locks_of_files_alone(tmp_path: Path) -> None:
    """SQLite lives by POSIX locks, which a process loses with the first copy of a descriptor that it closes."""
    path = tmp_path / "locked"
    take = f"import fcntl; fcntl.lockf(open({str(path)!r}, 'w'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    with path.open("w") as file:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

        sockets.accepted({1})

        assert subprocess.run([sys.executable, "-c", take], check=False, capture_output=True).returncode != 0  # noqa: S603 - our own program


def test_a_command_beside_the_service_takes_nothing_from_its_embedded_database(tmp_path: Path) -> None:
    with serving(tmp_path) as server, signed_in(server.url, NEIGHBOUR).client() as client:
        for title in ("before", "between", "after"):
            answer = client.post("/todos", json={"title": title})
            assert answer.status_code == 201, answer.text
            time.sleep(1)  # in which the connections are looked at twice
            assert todo_api("check", home=tmp_path).returncode == 0
        assert len(client.get("/todos").json()["items"]) == 3
