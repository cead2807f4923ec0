"""``todo-api backup``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from entrypoints.cli.backups import amounts, backups_or_exit, run_until_told_to_stop
from entrypoints.cli.progress import TerminalProgress
from entrypoints.cli.support import explained_errors, settings_or_exit

if TYPE_CHECKING:
    from entrypoints.operating import Backups


@click.command("backup")
@click.argument("target", required=False, type=click.Path(path_type=Path))
@click.option("--verify", is_flag=True, help="Make none: restore TARGET, or the newest there, into a scratch database.")
@click.option("--keep", type=click.IntRange(1, 10_000), help="Backups to keep in a directory, instead of BACKUP_KEEP.")
def command(target: Path | None, *, verify: bool, keep: int | None) -> None:
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
    progress = TerminalProgress()
    backups = backups_or_exit(settings, progress)
    if verify:
        _verify(backups, target or settings.backup_dir, progress)
    else:
        _make(backups, target or _made(settings.backup_dir), progress, keep=keep or settings.backup_keep)


def _make(backups: Backups, target: Path, progress: TerminalProgress, *, keep: int) -> None:
    backup = run_until_told_to_stop(backups.make(target), progress)
    kind = "encrypted" if backup.manifest.encrypted else "not encrypted"
    click.echo(f"{backup.file}: {amounts(backup.manifest.content.rows)}; {backup.manifest.size:,} bytes, {kind}.")
    if target.is_dir():
        with explained_errors():
            for removed in backups.retain(target, keep=keep, made=backup):
                click.echo(f"Removed {removed.file}.")


def _verify(backups: Backups, target: Path, progress: TerminalProgress) -> None:
    with explained_errors():
        backup = backups.find(target)
    verified = run_until_told_to_stop(backups.verify(backup), progress)
    click.echo(f"{verified.file} was restored and has what it should: {amounts(verified.manifest.content.rows)}.")


def _made(directory: Path) -> Path:
    """Return the directory, which is made if need be."""
    with explained_errors():
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory
