"""A directory of backups: which there are, what a new one is called, and which may go."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from msgspec import Struct

from adapters.backups.errors import BackupError
from adapters.backups.manifest import Manifest, decode_manifest, manifest_path

_SUFFIX = ".backup"
_NAME = re.compile(r"todo-[0-9]{8}T[0-9]{6}Z(-[0-9]+)?\.backup")


class Backup(Struct, frozen=True, kw_only=True):
    """The data file of a backup, and its manifest."""

    file: Path
    manifest: Manifest


def backups_in(directory: Path) -> list[Backup]:
    """Return the backups that were made in a directory, the newest first; what else is there is left out.

    Only manifests are read: this is cheap, whatever the size of the backups.
    """
    found: list[Backup] = []
    for file in directory.glob(f"*{_SUFFIX}"):
        if _NAME.fullmatch(file.name):
            try:
                manifest = decode_manifest(manifest_path(file).read_bytes(), name=file.name)
            except (OSError, BackupError):
                continue  # being written, being removed, or not ours
            found.append(Backup(file=file, manifest=manifest))
    return sorted(found, key=lambda backup: (backup.manifest.created_at, backup.file.name), reverse=True)


def newest_verified(backups: Iterable[Backup]) -> Backup | None:
    """Return the newest backup that was restored and found to be equal."""
    verified = (backup for backup in backups if backup.manifest.verified_at is not None)
    return max(verified, key=lambda backup: backup.manifest.created_at, default=None)


def free_path(directory: Path, now: datetime) -> Path:
    """Return where a backup that is made now belongs."""
    stem = f"todo-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    names = (f"{stem}{f'-{number}' if number > 1 else ''}{_SUFFIX}" for number in count(1))
    return next(path for name in names if not (path := directory / name).exists())


def superseded(newest_first: Sequence[Backup], *, keep: int) -> list[Backup]:
    """Return the backups beyond the newest ``keep``.

    The newest verified one is not among them: backups that nobody verified must not push out the one that is known
    to be good.
    """
    known_good = newest_verified(newest_first)
    return [backup for backup in newest_first[keep:] if backup is not known_good]


def remove(backup: Backup) -> None:
    """Remove both files; the manifest goes first, without which the rest is no backup any more."""
    manifest_path(backup.file).unlink(missing_ok=True)
    backup.file.unlink(missing_ok=True)
