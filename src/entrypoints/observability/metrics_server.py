"""The port on which Prometheus asks for the metrics; never the one that clients use."""

import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from hmac import compare_digest
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Thread

from prometheus_client import CONTENT_TYPE_LATEST


class _Handler(BaseHTTPRequestHandler):
    """Answers ``GET /metrics``, to whoever knows the token if there is one (RFC 6750)."""

    server: "_Server"  # pyright: ignore[reportIncompatibleVariableOverride] - it is never another one
    server_version = "todo-api"
    sys_version = ""
    timeout = 5
    """Seconds in which a request must have arrived."""

    def do_GET(self) -> None:
        """Answer."""
        if self.path.partition("?")[0] != "/metrics":
            self._answer(HTTPStatus.NOT_FOUND, b"Metrics are at /metrics.\n")
        elif not self._is_allowed():
            self._answer(HTTPStatus.UNAUTHORIZED, b"METRICS_TOKEN is needed.\n")
        else:
            self._answer(HTTPStatus.OK, self.server.exposition(), CONTENT_TYPE_LATEST)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library names it
        """Keep quiet: this is asked every few seconds."""

    def _is_allowed(self) -> bool:
        token = self.server.token
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        is_right = compare_digest(given.strip().encode("utf-8", "surrogateescape"), (token or "").encode())
        return token is None or (scheme.lower() == "bearer" and is_right)

    def _answer(self, status: HTTPStatus, body: bytes, content_type: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if status == HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", "Bearer")
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    """Shares its port with the other workers: whichever is asked answers for all."""

    daemon_threads = True
    allow_reuse_port = True

    def __init__(self, host: str, port: int, exposition: Callable[[], bytes], token: str | None) -> None:
        self.exposition = exposition
        self.token = token
        self.address_family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Bind, without asking the DNS for a name, which may take seconds."""
        TCPServer.server_bind(self)

    def handle_error(self, request: object, client_address: object) -> None:
        """Do nothing: whoever asked went away, and will come back in a few seconds."""


@contextmanager
def serving_metrics(
    exposition: Callable[[], bytes], *, host: str, port: int, token: str | None = None
) -> Generator[int]:
    """Answer in a thread of its own until the block is left; yield the port, which is a free one for 0.

    :raises OSError: if the port belongs to somebody else.
    """
    server = _Server(host, port, exposition, token)
    thread = Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
