"""The two services: how each is started and asked, and which of its processes does the work."""

import os
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import jwt
import msgspec
import psutil

from adapters.security.access_tokens import JwtAccessTokens
from bench.database import SESSIONS_STARTED, Rows, asyncpg_url, free_port
from domain.authentication.ports import AccessClaims

OURS, THEIRS = "todo-api", "tutorial"

_ROOT = Path(__file__).resolve().parents[1]
_SECRET = "a secret of the benchmark, with which nothing else is ever signed: 64 bytes"  # noqa: S105 - see above
_TOKEN_LIFETIME = timedelta(days=1)
_START_TIMEOUT = 60
"""Seconds."""


class ServiceError(Exception):
    """A service does not start, or does not answer as it should."""


class Service(NamedTuple):
    """A service under test: what starts it, and what clients need to know of it."""

    name: str
    command: list[str]
    environment: dict[str, str]
    tokens: dict[int, str]
    newest_page: str


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


class Server(NamedTuple):
    """A running service, and the one of its processes that answers."""

    service: Service
    port: int
    worker: psutil.Process

    def answer(self, call: Call, *, status: int) -> Any:
        """Return the decoded body of the response.

        :raises ServiceError: if the status is another one.
        """
        with closing(_connect(self.port)) as connection:
            connection.request(call.method, call.path, call.body, call.headers)
            response = connection.getresponse()
            body = response.read()
        if response.status != status:
            raise ServiceError(f"{self.service.name} answers {call.method} {call.path} with {response.status}: {body}")
        return msgspec.json.decode(body)


def todo_api(dsn: str, rows: Rows) -> Service:
    """Return this service, as operators start it."""
    access_tokens, now = JwtAccessTokens(_SECRET), datetime.now(UTC)
    return Service(
        name=OURS,
        command=[sys.executable, "-c", "from entrypoints.cli.main import main; main()", "serve"],
        environment={
            "DATABASE_URL": dsn,
            "JWT_SECRET": _SECRET,
            "ENVIRONMENT": "production",
            "WORKERS": "1",
            "RATE_LIMIT": "off",
            "PYTHONPATH": str(_ROOT / "src"),
        },
        tokens={
            owner: access_tokens.issue(
                AccessClaims(
                    account_id=owner,
                    session_id=owner,
                    started_at=SESSIONS_STARTED,
                    issued_at=now,
                    expires_at=now + _TOKEN_LIFETIME,
                )
            )
            for owner in range(1, rows.owners + 1)
        },
        newest_page="/todos?limit=50&sort=-created_at",
    )


def tutorial_stack(dsn: str, rows: Rows) -> Service:
    """Return the tutorial's stack on uvicorn, with all that makes it fast and without a log line for each request."""
    options = "--loop uvloop --http httptools --workers 1 --no-access-log"
    expires_at = datetime.now(UTC) + _TOKEN_LIFETIME
    return Service(
        name=THEIRS,
        command=[sys.executable, "-m", "uvicorn", *options.split(), "bench.tutorial_stack:app"],
        environment={
            "DATABASE_URL": asyncpg_url(dsn).render_as_string(hide_password=False),
            "SECRET_KEY": _SECRET,
            "PYTHONPATH": str(_ROOT),
        },
        tokens={
            owner: jwt.encode(  # pyright: ignore[reportUnknownMemberType] - of keys we do not use
                {"sub": f"owner{owner}@example.com", "exp": expires_at}, _SECRET, algorithm="HS256"
            )
            for owner in range(1, rows.owners + 1)
        },
        newest_page="/todos?limit=50",
    )


@contextmanager
def serving(service: Service, core: int) -> Generator[Server]:
    """Run a service on one core until the block is left.

    Its working directory is empty and its environment is not this one's, so that no ``.env`` and no variable of
    whoever starts the benchmark changes what is measured. Ctrl-C does not reach it: this process ends it.
    """
    port = free_port()
    listen = {"HOST": "127.0.0.1", "PORT": str(port), "UVICORN_HOST": "127.0.0.1", "UVICORN_PORT": str(port)}
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
    return HTTPConnection("127.0.0.1", port, timeout=30)


def _end(family: list[psutil.Process]) -> None:
    """Wait until all have ended; end by force whatever is left after ten seconds."""
    _, left = psutil.wait_procs(family, timeout=10)
    for survivor in left:
        survivor.kill()
