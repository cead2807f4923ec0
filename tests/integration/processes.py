"""The command ``todo-api`` as processes of their own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import CompletedProcess, Popen

import httpx

import entrypoints
from tests.integration.preloaded_commands import Command

SOURCES = Path(str(entrypoints.__file__)).parents[1]
COMMAND = (sys.executable, "-c", "from entrypoints.cli.main import main; main(prog_name='todo-api')")
"""Starts it in an interpreter of its own, for programs that become it or are it."""
TIMEOUT = 120
"""Seconds after which something that should have happened has not, however busy the machine is."""


def todo_api(
    *arguments: str, home: Path, stdin: str = "", umask: int = 0o022, **settings: str
) -> CompletedProcess[str]:
    """Run a command to its end, in the directory ``home`` and with no other settings than these."""
    command = Command(arguments, home=home, env=environment(**settings), stdin=stdin, umask=umask)
    stdout, stderr = command.communicate(TIMEOUT)
    return CompletedProcess(arguments, command.wait(), stdout, stderr)


class Server:
    """A server that answers."""

    def __init__(self, process: "Command | Popen[bytes]", port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.log = log

    def stop(self) -> int:
        """Ask the server to stop, and return with which status it did."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(TIMEOUT)


@contextmanager
def serving(
    home: Path, *arguments: str, port: int | None = None, through: Sequence[str] = (), **settings: str
) -> Generator[Server]:
    """Start ``todo-api serve`` and yield it as soon as it answers; in the end nothing of it is left.

    ``through`` is a command that prepares something and then becomes the one it is given, as ``env`` does.
    """
    port = port or free_port()
    log = home / f"serve-{port}.log"
    process = _start(["serve", "--port", str(port), *arguments], home, log, through, environment(**settings))
    server = Server(process, port, log)
    try:
        wait_until_it_answers(server.url, process.poll, lambda: log.read_text(encoding="utf-8"))
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(TIMEOUT)
        with suppress(ProcessLookupError):  # workers outlive a parent that was killed; they are in its group
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(TIMEOUT)


def _start(
    arguments: Sequence[str], home: Path, log: Path, through: Sequence[str], env: Mapping[str, str]
) -> "Command | Popen[bytes]":
    if not through:
        return Command(arguments, home=home, env=env, stdout=log, stderr=log, in_new_session=True)
    with log.open("wb") as output:
        return Popen(  # noqa: S603 - our own command
            [*through, *COMMAND, *arguments],
            cwd=home,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(**settings: str) -> dict[str, str]:
    """Return an environment that says no more of the service than ``settings`` do, and limits nobody unless they do.

    All tests come from one address, and some of them ask for more than one may.
    """
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(SOURCES),
        "PYTHONUTF8": "1",
        "RATE_LIMIT": "off",
        "MAX_CONCURRENT_REQUESTS": "1000",
        **settings,
    }


def wait_until_it_answers(url: str, exit_status: Callable[[], int | None], log: Callable[[], str]) -> None:
    """Wait until a service that has been started answers, or fail with its log if it ends before that."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline and exit_status() is None:
        with suppress(httpx.TransportError):
            httpx.get(f"{url}/health", timeout=1)
            return
        time.sleep(0.05)
    raise AssertionError(f"It does not answer. {log()}")


def eventually(is_so: Callable[[], bool]) -> bool:
    """Wait for something for a bounded time, and tell whether it came."""
    deadline = time.monotonic() + TIMEOUT
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
