"""Something that listens to HTTP and keeps what it is sent, as collectors do."""

import gzip
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple

from tests.integration.processes import TIMEOUT


class Received(NamedTuple):
    """A request with its body unpacked."""

    path: str
    headers: str
    body: bytes


class Receiver:
    """Keeps the requests it got."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.received: list[Received] = []

    def wait_for(self, number: int = 1) -> list[Received]:
        """Return what came, as soon as it is that many."""
        deadline = time.monotonic() + TIMEOUT
        while len(self.received) < number:
            assert time.monotonic() < deadline, f"{len(self.received)} of {number} came"
            time.sleep(0.05)
        return self.received


@contextmanager
def receiving() -> Generator[Receiver]:
    """Listen on a free port until the block is left."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            is_packed = self.headers.get("Content-Encoding") == "gzip"
            receiver.received.append(
                Received(self.path, str(self.headers), gzip.decompress(body) if is_packed else body)
            )
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library names it
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = Receiver(server.server_address[1])
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()
