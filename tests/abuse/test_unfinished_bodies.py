"""Requests whose bodies never end."""

import socket
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

import pytest

from tests.abuse.conftest import Abuse
from tests.abuse.people import ELSEWHERE, Person

CONNECTIONS = 600
LENGTH = 130_000
"""Bytes that each request promises: as many as are taken."""


@contextmanager
def unfinished(person: Person, port: int, path: str, content_type: str) -> Generator[list[socket.socket]]:
    """Send many requests but for their last byte, and wait."""
    head = "\r\n".join([
        f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Type: {content_type}", f"Content-Length: {LENGTH}",
        *(f"{name}: {value}" for name, value in person.headers().items()), "", "",
    ])  # fmt: skip
    with ExitStack() as stack:
        connections: list[socket.socket] = []
        for _ in range(CONNECTIONS):
            connection = stack.enter_context(
                socket.create_connection(("127.0.0.1", port), source_address=(person.address, 0), timeout=20)
            )
            connections.append(connection)
            try:
                connection.sendall(head.encode() + b"x" * (LENGTH - 1))
            except OSError:  # refused already
                continue
        yield connections


@pytest.mark.parametrize(
    ("path", "content_type"), [("/todos", "application/json"), ("/auth/login", "application/x-www-form-urlencoded")]
)
def test_bodies_that_never_end(abuse: Abuse, path: str, content_type: str) -> None:
    abuser = abuse.abuser() if path == "/todos" else abuse.stranger(ELSEWHERE)

    with abuse.measured() as neighbour, unfinished(abuser, abuse.worker.port, path, content_type):
        neighbour.until_answered(40)
