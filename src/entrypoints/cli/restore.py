"""``todo-api restore``."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from entrypoints.cli.backups import amounts, backups_or_exit, run_until_told_to_stop
from entrypoints.cli.progress import TerminalProgress
from entrypoints.cli.support import explained_errors, settings_or_exit

if TYPE_CHECKING:
    from entrypoints.operating import Backup


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--yes", is_flag=True, help="Replace what is in the database without asking.")
def command(file: Path, *, yes: bool) -> None:
    """Replace everything in the database by the backup FILE: all of it or nothing.

    Stop the service first, or restart it afterwards. An encrypted backup needs BACKUP_IDENTITY or
    BACKUP_IDENTITY_FILE. A backup of an older schema needs `todo-api migrate` when it is restored.
    """
    progress = TerminalProgress()
    backups = backups_or_exit(settings_or_exit(), progress)
    with explained_errors(), closing(progress):
        backup = backups.find(file)
        backups.require_usable(backup)
    click.echo(f"{file} was made at {_moment(backup)}{_doubt(backup)} and has {amounts(backup.manifest.content.rows)}.")
    present = run_until_told_to_stop(backups.present(), progress).rows
    if present:
        click.echo(f"The database has {amounts(present)}. All of it will be replaced.")
        if not yes:
            _ask()
    run_until_told_to_stop(backups.restore(backup), progress)
    click.echo("The backup is restored.")
    if not backups.is_current(backup):
        click.echo(f"Its schema is {backup.manifest.revision}, an older one: `todo-api migrate` is next.")


def _ask() -> None:
    """Go on only if somebody says so."""
    if not sys.stdin.isatty():
        raise click.ClickException("Nobody can be asked: standard input is no terminal. --yes goes on without asking.")
    click.confirm("Replace it?", abort=True)


def _moment(backup: Backup) -> str:
    return f"{backup.manifest.created_at:%Y-%m-%d %H:%M:%S %Z}"


def _doubt(backup: Backup) -> str:
    return "" if backup.manifest.verified_at else ", was never verified"
