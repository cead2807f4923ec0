"""The service with default settings, as somebody would run it: as a process, or in a container with little memory."""

import re
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from tests.integration.processes import Server, free_port, serving, wait_until_it_answers

MEMORY = 512
"""MiB that a worker may use: what the Kubernetes files give it."""

_STATUSES = r"""
import pathlib
print("\0".join(path.read_text() for path in pathlib.Path("/proc").glob("[0-9]*/status")))
"""
"""What prints the status of each process, as a program of Python; there may be no shell."""

_DEFAULTS: dict[str, str] = {"RATE_LIMIT": "", "MAX_CONCURRENT_REQUESTS": ""}
"""Other tests of processes limit nobody."""


class Worker(Struct, frozen=True):
    """A service with one worker."""

    url: str
    port: int
    peak_memory: Callable[[], int]
    """Returns how many MiB it has used at the most."""
    log: Callable[[], str]


@contextmanager
def process(home: Path, **settings: str) -> Generator[Worker]:
    """Run it as a process."""
    with serving(home, port=free_port(), **_DEFAULTS, **settings) as server:
        yield Worker(server.url, server.port, lambda: peak_of(server), lambda: server.log.read_text("utf-8"))


@contextmanager
def container(image: str, **settings: str) -> Generator[Worker]:
    """Run it in a container that has no more memory than it may use, in the network of this machine."""
    port = free_port()
    variables = {"HOST": "127.0.0.1", "PORT": str(port), "JWT_SECRET": "x" * 64, **settings}
    limits = ["--memory", f"{MEMORY}m", "--memory-swap", f"{MEMORY}m", "--read-only", "--tmpfs", "/tmp"]  # noqa: S108 - in the container
    given = [argument for name, value in variables.items() for argument in ("--env", f"{name}={value}")]
    name = docker("run", "--detach", "--network", "host", *limits, *given, image).strip()
    try:
        wait_until_it_answers(f"http://127.0.0.1:{port}", lambda: None, lambda: docker("logs", name))
        yield Worker(
            f"http://127.0.0.1:{port}",
            port,
            lambda: max(map(_peak_in, docker("exec", name, "python", "-c", _STATUSES).split("\0"))),
            lambda: docker("logs", name),
        )
        assert docker("inspect", "--format", "{{.State.OOMKilled}} {{.RestartCount}}", name).split() == ["false", "0"]
    finally:
        docker("rm", "--force", "--volumes", name)


def docker(*arguments: str) -> str:
    """Run the client of the engine, and return what it says."""
    return subprocess.run(  # noqa: S603 - the arguments are ours
        ["docker", *arguments],  # noqa: S607 - wherever it is
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def peak_of(server: Server) -> int:
    """Return the most memory, in MiB, that a worker of a server has used."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text("ascii").split()
    return max(_peak_in(Path(f"/proc/{pid}/status").read_text("ascii")) for pid in children)


def _peak_in(status: str) -> int:
    """Return what the status of a process says of its memory, in MiB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) // 1024 if found else 0
