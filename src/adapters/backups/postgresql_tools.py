"""pg_dump and pg_restore: finding them, asking how old they are, running them."""

import asyncio
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Literal

from adapters.backups.cancellation import uninterrupted
from adapters.backups.errors import BackupError

Tool = Literal["pg_dump", "pg_restore"]

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
    process = await asyncio.create_subprocess_exec(
        *command,
        env=os.environ | dict(variables),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await process.communicate()
    finally:
        await uninterrupted(_end(process))
    if process.returncode != 0:
        tool = command[0].rpartition("/")[2]
        raise BackupError(f"{tool} failed: {_first_error(errors.decode(errors='replace'))}")
    return output.decode(errors="replace")


async def _end(process: asyncio.subprocess.Process) -> None:
    """Make sure that the process is gone."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
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
