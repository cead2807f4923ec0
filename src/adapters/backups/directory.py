"""A directory of backups: which there are, and what a new one is called."""

import os
import re
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from adapters.backups.files import publish, remove_abandoned
from adapters.backups.manifest import decode_manifest, manifest_path
from domain.backups.errors import BackupError
from domain.backups.model import Backup
from domain.backups.retention import newest_first

_SUFFIX = ".backup"
_NAME = re.compile(r"todo-[0-9]{8}T[0-9]{6}Z(-[0-9]+)?\.backup")


def backups_in(directory: Path, kind: str) -> list[Backup]:
    """Return the backups of this kind of database that were made in a directory, the newest first, and nothing else.

    Only manifests are read: this is cheap, whatever the size of the backups.
    """
    found: list[Backup] = []
    for file in directory.glob(f"*{_SUFFIX}"):
        if _NAME.fullmatch(file.name):
            try:
                manifest = decode_manifest(manifest_path(file).read_bytes(), name=file.name)
            except (OSError, BackupError):
                continue  # being written, being removed, or not ours
            if manifest.database == kind:
                found.append(Backup(file=file, manifest=manifest))
    return newest_first(found)


def free_path(directory: Path, now: datetime) -> Path:
    """Return where a backup that is made now belongs."""
    stem = f"todo-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    names = (f"{stem}{f'-{number}' if number > 1 else ''}{_SUFFIX}" for number in count(1))
    return next(path for name in names if not _is_taken(path := directory / name))


def new_file(target: Path, now: datetime) -> Path:
    """Return where a backup goes that is made now: to the file ``target``, or into the directory ``target``.

    :raises BackupError: if it would replace something, or there is no such directory.
    """
    file = free_path(target, now) if target.is_dir() else target
    if _is_taken(file):
        raise BackupError(f"{file} exists, and a backup replaces nothing. Name a new file or a directory.")
    if not file.parent.is_dir():
        raise BackupError(f"There is no directory {file.parent}.")
    return file


def publish_backup(data: Path, manifest: Path, file: Path) -> None:
    """Give the data, which is complete, the name ``file``, and the manifest its own: with both, it is a backup.

    The manifest goes first. If this is killed before the data follows, ``remove_unfinished`` finds a manifest alone,
    which is worth nothing; data alone might be somebody's last.

    :raises FileExistsError: if one of the names is taken; then nothing was done.
    """
    publish(manifest, manifest_path(file))
    try:
        publish(data, file)
    except BaseException:
        manifest_path(file).unlink()
        raise


def publish_in(room: Path, target: Path, now: datetime) -> Path:
    """Give what is in the room its names, and return that of the data; another backup may take them meanwhile."""
    while True:
        file = new_file(target, now)
        with suppress(FileExistsError):
            publish_backup(room / "stored", room / "manifest", file)
            return file


def remove(backup: Backup) -> None:
    """Remove both files; the manifest goes last, for the reason that it comes first."""
    backup.file.unlink(missing_ok=True)
    manifest_path(backup.file).unlink(missing_ok=True)


def remove_unfinished(directory: Path) -> None:
    """Remove what was left by processes that were killed: workspaces, and manifests without data."""
    lonely = [path for path in directory.glob(f"*{_SUFFIX}.json") if _is_lonely(path)]
    if remove_abandoned(directory):  # else somebody is about to bring the data, or to take the manifest away
        for path in lonely:
            if _is_lonely(path):
                path.unlink(missing_ok=True)


def _is_lonely(path: Path) -> bool:
    """Tell whether it is the manifest of a backup that was made in this directory, whose data is not there."""
    file = path.with_suffix("")
    if not _NAME.fullmatch(file.name) or os.path.lexists(file):
        return False
    try:
        decode_manifest(path.read_bytes(), name=path.name)
    except (OSError, BackupError):
        return False
    return True


def _is_taken(file: Path) -> bool:
    """Tell whether there is something, be it a link to nothing, where the data or the manifest would go."""
    return os.path.lexists(file) or os.path.lexists(manifest_path(file))
