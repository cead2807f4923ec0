"""More connections than there are places for, all from one address, and each of them kept alive."""

import resource
import socket
import time
from contextlib import ExitStack, suppress

import httpx
import pytest

from tests.abuse.conftest import Abuse
from tests.abuse.people import ELSEWHERE, HOME

CONNECTIONS = 2_100
ASK = b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(autouse=True)
def enough_files() -> None:
    """Let this process have as many connections as it opens."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(2 * CONNECTIONS, most), most))


def test_connections_that_are_kept_and_hardly_used(abuse: Abuse) -> None:
    with ExitStack() as stack:
        connections: list[socket.socket] = []

        def open_another() -> None:
            with suppress(OSError):
                connection = socket.create_connection(
                    ("127.0.0.1", abuse.worker.port), source_address=(ELSEWHERE, 0), timeout=20
                )
                connections.append(stack.enter_context(connection))
                connection.sendall(ASK)

        with abuse.measured() as neighbour:
            for _ in range(CONNECTIONS):
                open_another()
            while len(neighbour.latencies) < 40 and not neighbour.failures:
                for _ in range(20):  # and more of them
                    open_another()
                time.sleep(0.1)
            # somebody who comes only now finds a place, too
            transport = httpx.HTTPTransport(local_address=HOME)
            with httpx.Client(transport=transport, timeout=3) as client:
                assert client.get(f"{abuse.worker.url}/health").is_success
