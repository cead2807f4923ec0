"""``todo-api backup`` and ``todo-api restore``."""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click

from adapters.backups.service import Backups
from domain.backups.model import Backup
from entrypoints.bootstrap import backups_of
from entrypoints.cli.support import explained_errors, run_or_explain, settings_or_exit
from entrypoints.settings import Settings

_TOLD_TO_STOP = (signal.SIGTERM, signal.SIGHUP)
"""By whoever runs this, or because the terminal is gone."""

_KILLED = 128
"""What a shell adds to the number of a signal, for a process that it has ended."""

Result = TypeVar("Result")


@click.command("backup")
@click.argument("target", required=False, type=click.Path(path_type=Path))
@click.option("--verify", is_flag=True, help="Make none: restore TARGET, or the newest there, into a scratch database.")
@click.option("--keep", type=click.IntRange(1, 10_000), help="Backups to keep in a directory, instead of BACKUP_KEEP.")
def backup_command(target: Path | None, *, verify: bool, keep: int | None) -> None:
    """Back up the database while the service runs, or verify a backup.

    TARGET is a new file, or a directory (BACKUP_DIR, if none is named), where the backup gets a name of its own and
    backups beyond the newest ones are removed. A backup is two files: NAME and the manifest NAME.json. It is encrypted
    if BACKUP_RECIPIENTS has age public keys.

    With --verify, TARGET is a backup or a directory, whose newest one is meant. It is restored into a scratch
    database, row counts and checksums are compared with the manifest, and the manifest is told when that was. An
    encrypted one needs BACKUP_IDENTITY or BACKUP_IDENTITY_FILE.
    """
    if verify and keep is not None:
        raise click.UsageError("--keep is for making backups, --verify makes none.")
    settings = settings_or_exit()
    backups = _backups(settings)
    if verify:
        _verify(backups, target or settings.backup_dir)
    else:
        _make(backups, target or _made(settings.backup_dir), keep=keep or settings.backup_keep)


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--yes", is_flag=True, help="Replace what is in the database without asking.")
def restore_command(file: Path, *, yes: bool) -> None:
    """Replace everything in the database by the backup FILE: all of it or nothing.

    Stop the service first, or restart it afterwards. An encrypted backup needs BACKUP_IDENTITY or
    BACKUP_IDENTITY_FILE. A backup of an older schema needs `todo-api migrate` when it is restored.
    """
    backups = _backups(settings_or_exit())
    with explained_errors():
        backup = backups.find(file)
        backups.require_usable(backup)
    click.echo(
        f"{file} was made at {_moment(backup)}{_doubt(backup)} and has {_amounts(backup.manifest.content.rows)}."
    )
    present = _run(backups.present()).rows
    if present:
        click.echo(f"The database has {_amounts(present)}. All of it will be replaced.")
        if not yes:
            _ask()
    _run(backups.restore(backup))
    click.echo("The backup is restored.")
    if not backups.is_current(backup):
        click.echo(f"Its schema is {backup.manifest.revision}, an older one: `todo-api migrate` is next.")


def _make(backups: Backups, target: Path, *, keep: int) -> None:
    backup = _run(backups.make(target))
    kind = "encrypted" if backup.manifest.encrypted else "not encrypted"
    click.echo(f"{backup.file}: {_amounts(backup.manifest.content.rows)}; {backup.manifest.size:,} bytes, {kind}.")
    if target.is_dir():
        with explained_errors():
            for removed in backups.retain(target, keep=keep, made=backup):
                click.echo(f"Removed {removed.file}.")


def _verify(backups: Backups, target: Path) -> None:
    with explained_errors():
        backup = backups.find(target)
    verified = _run(backups.verify(backup))
    click.echo(f"{verified.file} was restored and has what it should: {_amounts(verified.manifest.content.rows)}.")


def _backups(settings: Settings) -> Backups:
    with explained_errors():
        return backups_of(settings)


def _made(directory: Path) -> Path:
    """Return the directory, which is made if need be."""
    with explained_errors():
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory


def _ask() -> None:
    """Go on only if somebody says so."""
    if not sys.stdin.isatty():
        raise click.ClickException("Nobody can be asked: standard input is no terminal. --yes goes on without asking.")
    click.confirm("Replace it?", abort=True)


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run it to its end, and clear everything away on SIGTERM and SIGHUP as on Ctrl-C."""
    heard: list[int] = []

    async def cancelled_by_signals() -> Result:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in a task

        # Not a handler of the loop: like asyncio's own for Ctrl-C, it has to come between the steps of work that does
        # not await, too.
        def cancel(number: int, _: object) -> None:
            heard.append(number)
            task.cancel()
            loop.call_soon_threadsafe(lambda: None)  # wakes it up

        before = {number: signal.getsignal(number) for number in _TOLD_TO_STOP}
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:  # as under nohup
                signal.signal(number, cancel)
        try:
            return await work
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    try:
        return run_or_explain(cancelled_by_signals())
    except asyncio.CancelledError:
        sys.exit(_KILLED + heard[0])


def _amounts(rows: dict[str, int]) -> str:
    return f"rows: {', '.join(f'{table} {number:,}' for table, number in rows.items())}" if rows else "no rows"


def _moment(backup: Backup) -> str:
    return f"{backup.manifest.created_at:%Y-%m-%d %H:%M:%S %Z}"


def _doubt(backup: Backup) -> str:
    return "" if backup.manifest.verified_at else ", was never verified"
