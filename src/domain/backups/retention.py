"""Which backups are kept."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from domain.backups.model import Backup


def newest_first(backups: Iterable[Backup]) -> list[Backup]:
    """Return the backups in the order in which they are kept: by their times, those of one second by their names."""
    return sorted(backups, key=lambda backup: (backup.manifest.created_at, backup.file.name), reverse=True)


def newest_verified(backups: Iterable[Backup]) -> Backup | None:
    """Return the newest backup that was restored and found to be equal."""
    verified = (backup for backup in backups if backup.manifest.verified_at is not None)
    return max(verified, key=lambda backup: backup.manifest.created_at, default=None)


def superseded(backups: Sequence[Backup], *, keep: int, made: Path | None = None) -> list[Backup]:
    """Return those of the backups, the newest first, that are beyond the newest ``keep``.

    The newest verified one is not among them: backups that nobody verified must not push out the one that is known
    to be good. Neither is the one that was just ``made``, which looks old if the clock was turned back.
    """
    known_good = newest_verified(backups)
    return [backup for backup in backups[keep:] if backup is not known_good and backup.file != made]
