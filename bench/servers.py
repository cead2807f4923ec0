"""Services under test: how each is started and asked, and which of its processes does the work."""

import os
import subprocess
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec
import psutil

from bench.database import free_port

_HOST = "127.0.0.1"
_SERVERS = "", "UVICORN_", "GRANIAN_"
_START_TIMEOUT = 60
"""Seconds."""


class ServiceError(Exception):
    """A service does not start, or does not answer as it should."""


class Service(NamedTuple):
    """A service under test: what starts it, and what clients need to know of it.

    Those that are ``exact`` answer with the very bodies of this service, the others with the same in other words.
    """

    name: str
    command: list[str]
    environment: dict[str, str]
    tokens: dict[int, str]
    newest_page: str
    exact: bool = True


class Call(NamedTuple):
    """One HTTP request."""

    method: str
    path: str
    token: str
    body: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """The headers besides those that every connection has."""
        return {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}

    def encoded(self) -> bytes:
        """Return what goes over the connection."""
        lines = [f"{self.method} {self.path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", self.body]).encode()


class Answer(NamedTuple):
    """What came back."""

    body: bytes
    etag: str | None


class Server(NamedTuple):
    """A running service, and the one of its processes that answers."""

    service: Service
    port: int
    worker: psutil.Process

    def answer(self, call: Call, *, status: int) -> Any:
        """Return the decoded body of the response; see ``ask``."""
        return msgspec.json.decode(self.ask(call, status=status).body)

    def ask(self, call: Call, *, status: int) -> Answer:
        """Return the response.

        :raises ServiceError: if the status is another one.
        """
        with closing(_connect(self.port)) as connection:
            connection.request(call.method, call.path, call.body, call.headers)
            response = connection.getresponse()
            body = response.read()
        if response.status != status:
            raise ServiceError(f"{self.service.name} answers {call.method} {call.path} with {response.status}: {body}")
        return Answer(body, response.getheader("ETag"))


@contextmanager
def serving(service: Service, core: int) -> Generator[Server]:
    """Run a service on one core until the block is left.

    Its working directory is empty and its environment is not this one's, so that no ``.env`` and no variable of
    whoever starts the benchmark changes what is measured. Ctrl-C does not reach it: this process ends it.
    """
    port = free_port()
    # What tells each of the servers where to listen.
    listen = {f"{server}{name}": value for server in _SERVERS for name, value in (("HOST", _HOST), ("PORT", str(port)))}
    environment = {"PATH": os.environ["PATH"], **listen, **service.environment}
    with TemporaryDirectory() as directory, Path(directory, "log").open("w+", encoding="utf-8") as log:
        own_cores = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {core})  # what is started inherits it, every thread of it
        process = subprocess.Popen(  # noqa: S603 - our own interpreter
            service.command, cwd=directory, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        os.sched_setaffinity(0, own_cores)
        family: list[psutil.Process] = []
        try:
            worker = _wait_for_worker(process, port)
            if worker is None:
                log.seek(0)
                raise ServiceError(f"{service.name} does not start:\n{log.read()}")
            family = psutil.Process(process.pid).children(recursive=True)
            yield Server(service, port, worker)
        finally:
            process.terminate()
            _end([psutil.Process(process.pid), *family] if process.poll() is None else family)
            process.wait()


def _wait_for_worker(process: subprocess.Popen[bytes], port: int) -> psutil.Process | None:
    """Return the process at the other end of a connection, once there is one that answers on it."""
    deadline = time.monotonic() + _START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with closing(_connect(port)) as connection:
                connection.request("GET", "/")
                own_end = connection.sock.getsockname()
                connection.getresponse()
                started = psutil.Process(process.pid)
                for candidate in (started, *started.children(recursive=True)):
                    if any(socket.raddr == own_end for socket in candidate.net_connections("tcp")):
                        return candidate
        except (OSError, HTTPException):
            time.sleep(0.1)
    return None


def _connect(port: int) -> HTTPConnection:
    return HTTPConnection(_HOST, port, timeout=30)


def _end(family: list[psutil.Process]) -> None:
    """Wait until all have ended; end by force whatever is left after ten seconds."""
    _, left = psutil.wait_procs(family, timeout=10)
    for survivor in left:
        survivor.kill()
