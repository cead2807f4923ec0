"""Commands that start at once: in copies of a process that has imported everything they may need.

They are processes as any other, with signals, exit codes, a umask and file descriptors of their own. Only what an
interpreter does before the first line of ours is left out, which takes a second, a thousand times.
"""

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from contextlib import chdir, suppress
from functools import cache
from multiprocessing.context import ForkServerContext
from multiprocessing.forkserver import ensure_running
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Command:
    """``todo-api`` in a process of its own, with what it says in files; used like ``subprocess.Popen``."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        home: Path,
        env: Mapping[str, str],
        stdin: str | Path = "",
        stdout: Path | None = None,
        stderr: Path | None = None,
        umask: int = 0o022,
        in_new_session: bool = False,
    ) -> None:
        """Start it in the directory ``home``; ``stdin`` is a text, or the path of what to read."""
        self._directory = tempfile.mkdtemp(prefix="todo-api-command-")
        weakref.finalize(self, shutil.rmtree, self._directory, ignore_errors=True)
        self._stdout = stdout or Path(self._directory, "stdout")
        self._stderr = stderr or Path(self._directory, "stderr")
        if isinstance(stdin, str):
            Path(self._directory, "stdin").write_text(stdin, encoding="utf-8", newline="")
            stdin = Path(self._directory, "stdin")
        files = (stdin, self._stdout, self._stderr)
        self.arguments = arguments
        self._process = _context().Process(
            target=_become,
            args=(list(arguments), home, dict(env), files, umask),
            kwargs={"in_new_session": in_new_session},
            daemon=True,
        )
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit code, or minus the number of the signal that ended it; ``None`` while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return ``returncode``."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and return ``returncode``.

        :raises TimeoutExpired: after ``timeout`` seconds.
        """
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self.arguments, timeout or 0)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for its end and return what it has written to standard output and standard error.

        :raises TimeoutExpired: after ``timeout`` seconds.
        """
        self.wait(timeout)
        return self._stdout.read_text(encoding="utf-8"), self._stderr.read_text(encoding="utf-8")

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended; it may do so at this moment."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)


@cache
def _context() -> ForkServerContext:
    """Start the process that is copied."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "tests.integration.every_module"])
    with chdir(ROOT):  # where it finds them
        ensure_running()
    return context


def _become(
    arguments: list[str],
    home: Path,
    env: dict[str, str],
    files: tuple[Path, Path, Path],
    umask: int,
    *,
    in_new_session: bool,
) -> None:
    """Be the command, in this process."""
    from entrypoints.cli.main import main  # noqa: PLC0415 - a test that asks for no command does without

    if in_new_session:
        os.setsid()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    flags = (os.O_RDWR | os.O_NOCTTY, *[os.O_WRONLY | os.O_CREAT | os.O_APPEND] * 2)
    for descriptor, (path, flag) in enumerate(zip(files, flags, strict=True)):
        opened = os.open(path, flag, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.stdin, sys.stdout, sys.stderr = (
        open(descriptor, mode, encoding="utf-8", closefd=False)  # noqa: SIM115 - for as long as the process
        for descriptor, mode in enumerate(("r", "w", "w"))
    )
    os.umask(umask)
    os.chdir(home)
    os.environ.clear()
    os.environ.update(env)
    main(arguments, prog_name="todo-api")
