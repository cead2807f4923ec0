"""pg_dump, pg_restore and psql: finding them, asking how old they are, running them."""

import asyncio
import os
import re
import shutil
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from signal import SIGTERM, Signals
from typing import Literal

from adapters.backups.cancellation import uninterrupted
from domain.backups.errors import BackupError

Tool = Literal["pg_dump", "pg_restore", "psql"]

_VERSION = re.compile(r"\(PostgreSQL\) ([0-9]+)")
_GRACE = 5
"""Seconds that a tool has to end when it is told to."""


async def find_tool(tool: Tool, *, server_version: int) -> str:
    """Return the path of a tool that is not older than the server.

    :param server_version: the number of the major version, such as 18.
    :raises BackupError: if there is none in PATH.
    """
    path = shutil.which(tool)
    advice = f"Install the client tools of PostgreSQL {server_version} (Debian: postgresql-client-{server_version})"
    if path is None:
        raise BackupError(f"{tool} is not in PATH. {advice}.")
    version = major_version(await run_tool([path, "--version"], {}))
    if version is None:
        raise BackupError(f"{path} does not say which version it is. {advice}.")
    if version < server_version:
        raise BackupError(
            f"{path} is of PostgreSQL {version}, the server of {server_version}: a tool must not be older than the "
            f"server. {advice}, and put their directory first in PATH."
        )
    return path


def major_version(output: str) -> int | None:
    """Return the major version in what a tool prints for ``--version``; release candidates count, too."""
    match = _VERSION.search(output)
    return int(match[1]) if match else None


async def run_tool(command: Sequence[str], variables: Mapping[str, str]) -> str:
    """Run a tool to its end with these variables added to the environment, and return what it printed.

    If this is cancelled, so is the tool, and what it has begun on the server is rolled back.

    :raises BackupError: with the tool's last words, if it fails.
    """
    async with started(command, variables) as process:
        output, errors = await process.communicate()
    if process.returncode != 0:
        raise failure(command, errors)
    return output.decode(errors="replace")


@asynccontextmanager
async def started(
    command: Sequence[str],
    variables: Mapping[str, str],
    *,
    stdin: int = DEVNULL,
    stop_signal: Signals = SIGTERM,
) -> AsyncGenerator[Process]:
    """Start a tool with these variables added to the environment; it is gone when the block is left.

    :param stop_signal: the signal on which the tool stops what it does on the server: for psql that is SIGINT.
    """
    process = await asyncio.create_subprocess_exec(
        *command, env=os.environ | dict(variables), stdin=stdin, stdout=PIPE, stderr=PIPE
    )
    try:
        yield process
    finally:
        await uninterrupted(_end(process, stop_signal))


def failure(command: Sequence[str], errors: bytes) -> BackupError:
    """Return what to say of a tool that failed and had this to say on standard error."""
    tool = command[0].rpartition("/")[2]
    return BackupError(f"{tool} failed: {_first_error(errors.decode(errors='replace'))}")


async def _end(process: Process, stop_signal: Signals) -> None:
    """Make sure that the process is gone."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.send_signal(stop_signal)
        try:
            async with asyncio.timeout(_GRACE):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _first_error(text: str) -> str:
    """Return the line that says what went wrong; others repeat the statement, which may have data in it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "error:" in line.lower()]
    return next(iter(errors or lines), "it does not say why.")
