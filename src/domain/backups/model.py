"""What a backup is: data, and a manifest without which it is worth nothing."""

from datetime import datetime
from pathlib import Path

from msgspec import Struct

from domain.backups.content import Content, TableContent
from domain.backups.errors import BackupError

FORMAT = 1
"""Raised when an older version of this program could not use a backup any more."""


class Manifest(Struct, frozen=True, kw_only=True):
    """What a backup holds and how to recognise that it is whole.

    ``size`` (bytes) and ``sha256`` are those of the data file as it is stored, so that both can be checked without a
    key. ``database`` is the kind of the database. ``verified_at`` is when it was last restored and found to be equal.
    """

    format: int = FORMAT
    created_at: datetime
    service_version: str
    database: str
    revision: str
    size: int
    sha256: str
    encrypted: bool
    tables: dict[str, TableContent]
    verified_at: datetime | None = None

    @property
    def content(self) -> Content:
        """What the database had in it."""
        return Content(revision=self.revision, tables=self.tables)


class Backup(Struct, frozen=True, kw_only=True):
    """The file that has the data, and its manifest."""

    file: Path
    manifest: Manifest

    def require_restorable(self, kind: str, *, newest_revision: str) -> None:
        """Do nothing if it can be restored into a database of this kind, by a program that knows such a schema.

        :raises BackupError: otherwise.
        """
        manifest = self.manifest
        if manifest.database != kind:
            raise BackupError(
                f"{self.file} is a backup of {manifest.database}, and the settings name a database of {kind}."
            )
        if manifest.revision > newest_revision:
            raise BackupError(
                f"{self.file} has the schema {manifest.revision}, this version knows {newest_revision} at the "
                f"most. Use version {manifest.service_version}, which made it, or a later one."
            )
