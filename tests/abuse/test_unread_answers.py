"""Requests for large answers that nobody reads."""

import socket
from collections.abc import Sequence
from contextlib import ExitStack, suppress

import pytest

from tests.abuse.conftest import Abuse
from tests.abuse.people import ELSEWHERE, Person

CONNECTIONS = 250
ADDRESSES = [f"127.0.0.{host}" for host in range(66, 76)]
MAX_LENGTH_TEXT = "\u0001" * 10_000
"""Each character is six in JSON."""

_SMALL_WINDOW = 4_096


def ask_and_read_nothing(stack: ExitStack, port: int, people: Sequence[Person], path: str) -> None:
    """Open connections that ask for a large answer, several times each, and leave it where it is."""
    for number in range(CONNECTIONS):
        person = people[number % len(people)]
        lines = [f"GET {path} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in person.headers().items()]
        request = "\r\n".join([*lines, "", ""]).encode()
        with suppress(OSError):
            connection = stack.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_WINDOW)
            connection.bind((person.address, 0))
            connection.settimeout(20)
            connection.connect(("127.0.0.1", port))
            connection.sendall(request * 3)


def write_todos(person: Person, amount: int = 200) -> None:
    with person.client() as client:
        for _ in range(amount):
            client.post("/todos", json={"title": "x", "description": MAX_LENGTH_TEXT}).raise_for_status()


def test_one_account_that_does_not_read(abuse: Abuse) -> None:
    abuser = abuse.abuser()
    write_todos(abuser)

    with ExitStack() as stack, abuse.measured() as neighbour:
        ask_and_read_nothing(stack, abuse.worker.port, [abuser], "/todos?limit=200")
        neighbour.until_answered(60)


@pytest.mark.parametrize("path", ["/posts?per_page=100", "/schema/assets/swagger-ui-bundle.js"])
def test_strangers_who_do_not_read(abuse: Abuse, path: str) -> None:
    with abuse.abuser().client() as client:
        for _ in range(100):
            client.post("/posts", json={"content": MAX_LENGTH_TEXT[:5_000]})
    strangers = [abuse.stranger(address) for address in [ELSEWHERE, *ADDRESSES]]

    with ExitStack() as stack, abuse.measured() as neighbour:
        ask_and_read_nothing(stack, abuse.worker.port, strangers, path)
        neighbour.until_answered(60)
