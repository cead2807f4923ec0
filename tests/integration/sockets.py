"""Requests byte by byte, on connections of their own."""

import socket

import msgspec

from tests.integration.processes import TIMEOUT, Server


def connect(server: Server) -> socket.socket:
    """Return a connection to the server."""
    return socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT)


def exchange(server: Server, *lines: str, body: bytes = b"") -> tuple[int, bytes]:
    """Send a request as it is, the last one of its connection; return the status of the answer and its body."""
    return parsed(raw_answer(server, *lines, body=body))


def raw_answer(server: Server, *lines: str, body: bytes = b"") -> bytes:
    """Send a request as it is, the last one of its connection; return the whole answer."""
    with connect(server) as connection:
        connection.sendall("\r\n".join((*lines, "Connection: close", "", "")).encode("latin-1") + body)
        return everything(connection)


def everything(connection: socket.socket) -> bytes:
    """Return what the server says until it closes the connection; if it does not, the test fails."""
    received = b""
    try:
        while part := connection.recv(65_536):
            received += part
    except ConnectionResetError:  # it closed with some of our bytes unread
        pass
    return received


def parsed(answer: bytes) -> tuple[int, bytes]:
    """Return the status and the body of an answer; nothing is status 0."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]) if head else 0, body


def code_of(body: bytes) -> str:
    """Return the code of the problem that a body describes."""
    return msgspec.json.decode(body)["code"]
