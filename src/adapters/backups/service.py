"""Making, verifying and restoring backups: one flow for every database."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from adapters.backups.database import DumpableDatabase
from adapters.backups.directory import backups_in, new_file, publish_in, remove, remove_unfinished
from adapters.backups.encryption import Keys
from adapters.backups.files import (
    HashingWriter,
    copy_all,
    create_private,
    make_durable,
    remove_abandoned,
    replace_bytes,
    sha256_of,
    workspace,
    write_durably,
)
from adapters.backups.manifest import encode_manifest, manifest_path, read_manifest
from adapters.backups.progress import Progress, Unwatched
from domain.backups.content import Content, differences
from domain.backups.errors import BackupError
from domain.backups.model import Backup, Manifest
from domain.backups.retention import superseded


class Backups:
    """The backups of one database.

    :param keys: what new backups are encrypted to, and what encrypted ones are read with.
    :param service_version: of this program, for the manifests.
    :param newest_revision: of the schema, that this program knows.
    :param progress: hears how far files are read and written; the database has one of its own.
    """

    def __init__(
        self,
        database: DumpableDatabase,
        *,
        keys: Keys,
        service_version: str,
        newest_revision: str,
        now: Callable[[], datetime],
        progress: Progress | None = None,
    ) -> None:
        self._database = database
        self._keys = keys
        self._service_version = service_version
        self._newest_revision = newest_revision
        self._now = now
        self._progress = progress or Unwatched()

    async def make(self, target: Path) -> Backup:
        """Make a backup: a new file at ``target``, or one with a name of its own in the directory ``target``.

        :raises BackupError: if it cannot be made; then nothing is left behind.
        """
        now = self._now()
        directory = new_file(target, now).parent
        with workspace(directory) as room:
            content = await self._database.dump(room / "plain")
            if content.revision is None:
                raise BackupError("The database has not been migrated: there is nothing to back up.")
            with _explained(directory):
                written = self._store(room / "plain", room / "stored")
            manifest = Manifest(
                created_at=now,
                service_version=self._service_version,
                database=self._database.kind,
                revision=content.revision,
                size=written.size,
                sha256=written.sha256,
                encrypted=self._keys.encrypt_new,
                tables=content.tables,
            )
            write_durably(room / "manifest", encode_manifest(manifest))
            return Backup(file=publish_in(room, target, now), manifest=manifest)

    def _store(self, plain: Path, stored: Path) -> HashingWriter:
        """Write the data as it is kept, and return what it has become."""
        with plain.open("rb") as source, create_private(stored) as file:
            self._progress.begin("Encrypting" if self._keys.encrypt_new else "Writing", plain.stat().st_size)
            writer = HashingWriter(file, self._progress)
            if self._keys.encrypt_new:
                self._keys.encrypt(source, writer)
            else:
                copy_all(source, writer)
            make_durable(file)
        return writer

    def retain(self, directory: Path, *, keep: int, made: Backup) -> list[Backup]:
        """Remove all but the newest ``keep`` backups of a directory, the newest verified one and the one just made.

        What a backup that was killed has left goes, too. Return the backups that were removed.
        """
        remove_unfinished(directory)
        removed = superseded(backups_in(directory, self._database.kind), keep=keep, made=made.file)
        for backup in removed:
            remove(backup)
        return removed

    def find(self, target: Path) -> Backup:
        """Return the backup at ``target``, or the newest of the directory ``target``.

        :raises BackupError: if there is none that this program can use.
        """
        if target.is_dir():
            backups = backups_in(target, self._database.kind)
            if not backups:
                raise BackupError(f"There is no backup of {self._database.kind} in {target}.")
            return backups[0]
        if not target.exists():
            raise BackupError(f"There is no backup at {target}.")
        return Backup(file=target, manifest=read_manifest(target))

    def require_usable(self, backup: Backup) -> None:
        """Find out without restoring it whether a backup is one for this database, is whole, and can be read.

        :raises BackupError: if not.
        """
        manifest = backup.manifest
        backup.require_restorable(self._database.kind, newest_revision=self._newest_revision)
        if manifest.encrypted and not self._keys.can_decrypt:
            raise BackupError(f"{backup.file} is encrypted: BACKUP_IDENTITY or BACKUP_IDENTITY_FILE is needed.")
        if (size := backup.file.stat().st_size) != manifest.size:
            raise BackupError(f"{backup.file} is damaged: it has {size:,} bytes instead of {manifest.size:,}.")
        self._progress.begin("Checking the file", size)
        if sha256_of(backup.file, self._progress) != manifest.sha256:
            raise BackupError(f"{backup.file} is damaged: its SHA-256 is not the one in the manifest.")

    async def verify(self, backup: Backup) -> Backup:
        """Restore a backup into a scratch database, compare the two, and write into the manifest when that was.

        :raises BackupError: if it cannot be restored, or is not what the manifest says.
        """
        remove_abandoned(backup.file.parent)
        self.require_usable(backup)
        expected = backup.manifest.content
        with self._plain(backup) as plain, workspace(backup.file.parent) as room:
            async with self._database.scratch(room) as scratch:
                await scratch.restore(plain, expected)
                found = await scratch.content()
        if wrong := differences(expected=expected, found=found):
            raise BackupError(f"{backup.file} is not what the manifest says. {' '.join(wrong)}")
        verified = replace(backup.manifest, verified_at=self._now())
        replace_bytes(manifest_path(backup.file), encode_manifest(verified))
        if not backup.file.exists():
            manifest_path(backup.file).unlink(missing_ok=True)  # which would have come back without its data
            raise BackupError(f"{backup.file} was removed by somebody else while it was verified.")
        return replace(backup, manifest=verified)

    async def present(self) -> Content:
        """Return what is in the database now, which a restore would replace."""
        return await self._database.content()

    async def restore(self, backup: Backup) -> None:
        """Replace everything in the database by what is in the backup: all of it or nothing.

        :raises BackupError: if it cannot be restored; then the database is as it was.
        """
        remove_abandoned(backup.file.parent)
        self.require_usable(backup)
        with self._plain(backup) as plain:
            await self._database.restore(plain, backup.manifest.content)

    @contextmanager
    def _plain(self, backup: Backup) -> Generator[Path]:
        """Yield a file with the data as the database dumped it; a decrypted one is gone afterwards."""
        if not backup.manifest.encrypted:
            yield backup.file
            return
        with workspace(backup.file.parent) as room:
            plain = room / "plain"
            with backup.file.open("rb") as source, create_private(plain) as file:
                self._progress.begin("Decrypting", backup.manifest.size)
                self._keys.decrypt(source, HashingWriter(file, self._progress))
            yield plain

    def is_current(self, backup: Backup) -> bool:
        """Tell whether the backup has the newest schema, and needs no migration after it is restored."""
        return backup.manifest.revision == self._newest_revision


@contextmanager
def _explained(directory: Path) -> Generator[None]:
    """Name the disk that is full, or whatever is wrong with it."""
    try:
        yield
    except OSError as error:
        raise BackupError(f"The backup cannot be written to {directory}: {error}.") from error
