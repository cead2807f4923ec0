"""Backups of an SQLite file, with SQLite's own online backup (https://sqlite.org/backup.html).

The work is done without awaiting; ``stop_if_cancelled`` is what lets Ctrl-C in.
"""

import os
import sqlite3
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import ClassVar, Self
from urllib.parse import urlencode, urlsplit

from adapters.backups.cancellation import stop_if_cancelled
from adapters.backups.files import HashingWriter, copy_all, create_private, remove_abandoned, workspace
from adapters.backups.progress import Progress, Unwatched
from adapters.backups.sqlite_content import content_of, require_integrity, text_of
from domain.backups.content import Content, differences
from domain.backups.errors import BackupError

_STALL_TIMEOUT = 30
"""Seconds that a restore waits for a writer, or a backup for whoever has locked the file."""


class SqliteFile:
    """Implements ``DumpableDatabase`` for the file at ``path``, whether a service has it open or not."""

    kind: ClassVar[str] = "sqlite"
    pages_per_step: ClassVar[int] = 2_000
    """Pages (of 4 KiB, if nobody changed that) that are copied before cancellation is looked at."""

    def __init__(self, path: Path, progress: Progress | None = None) -> None:
        self._path = path
        self._progress = progress or Unwatched()

    async def dump(self, file: Path) -> Content:
        """See the port. One read transaction sees one state of the file, whatever is written meanwhile."""
        if not self._path.exists():
            raise BackupError(f"There is no database at {self._path}.")
        create_private(file).close()
        with _explained(self._path), _opened(self._path) as source:
            source.execute("BEGIN")
            self._progress.begin("Reading the database")
            content = content_of(source)
            with _copying(self._path, file), _opened(file) as target:
                self._progress.begin("Copying the database", _pages(source))
                self._copy(source, target)
                target.execute("PRAGMA journal_mode = DELETE")  # the copy is one file, without a log beside it
        return content

    async def content(self) -> Content:
        """See the port."""
        if not self._path.exists():
            return Content(revision=None, tables={})
        with _explained(self._path), _opened(self._path) as connection:
            connection.execute("BEGIN")
            self._progress.begin("Reading the database")
            return content_of(connection)

    async def restore(self, file: Path, content: Content) -> None:
        """See the port. It is one transaction: services that have the file open see the old state or the new."""
        with self._created(), self._draft(file) as draft, _opened(draft) as source:
            with _explained(file):
                self._progress.begin("Checking the data")
                require_integrity(source)
                if wrong := differences(expected=content, found=content_of(source)):
                    raise BackupError(f"{file} is not what the manifest says. {' '.join(wrong)}")
            with _explained(self._path), _opened(self._path) as target:
                target.execute("PRAGMA journal_mode = WAL")
                self._progress.begin("Restoring", _pages(source))
                self._copy(source, target, when_locked=partial(self._keep_counters, source))

    @asynccontextmanager
    async def scratch(self, room: Path) -> AsyncGenerator[Self]:
        """See the port."""
        yield type(self)(room / "scratch.sqlite3", self._progress)  # and goes with the room

    @contextmanager
    def _draft(self, file: Path) -> Generator[Path]:
        """Yield a copy of the backup, beside the database: what is restored differs from it in the counters of ids."""
        remove_abandoned(self._path.parent)
        with workspace(self._path.parent) as room:
            with _copying(file, room), file.open("rb") as backup, create_private(room / "draft") as draft:
                copy_all(backup, HashingWriter(draft))
            yield room / "draft"

    def _keep_counters(self, draft: sqlite3.Connection) -> None:
        """Let no counter of ids go back, or an id would be given out again, to somebody else.

        Nobody can write to the database now; what was committed there last can be read.
        """
        with _opened(self._path, "ro") as present:
            counters = present.execute("SELECT name, seq FROM sqlite_sequence").fetchall() if _counts(present) else []
        if not _counts(draft):
            return
        draft.execute("BEGIN")
        for name, last in counters:
            row = draft.execute("SELECT max(seq) FROM sqlite_sequence WHERE name = ?", (name,)).fetchone()
            draft.execute("DELETE FROM sqlite_sequence WHERE name = ?", (name,))
            draft.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, max(last, row[0] or 0)))
        draft.execute("COMMIT")

    def _copy(
        self, source: sqlite3.Connection, target: sqlite3.Connection, when_locked: Callable[[], None] | None = None
    ) -> None:
        """Copy everything in one transaction of the target, which an exception rolls back.

        ``when_locked`` runs once, after the transaction has begun and before it ends. It may change the source: SQLite
        copies the pages again that this connection changes meanwhile.
        """
        pages = _pages(source)
        moved, since, left = -1, time.monotonic(), pages

        def progress(status: int, remaining: int, __: int) -> None:
            nonlocal moved, since, left, when_locked
            self._stop_if_asked()
            if remaining < left:  # it grows if somebody writes meanwhile, and the copy begins anew
                self._progress.advance(left - remaining)
                left = remaining
            if when_locked is not None and status == sqlite3.SQLITE_OK:
                when_locked()
                when_locked = None
            if remaining != moved:
                moved, since = remaining, time.monotonic()
            elif time.monotonic() - since > _STALL_TIMEOUT:
                raise BackupError("Somebody else has locked the database; nothing was changed.")

        at_least_two_steps = max(1, min(self.pages_per_step, pages // 2))
        source.backup(target, pages=at_least_two_steps, progress=progress)

    def _stop_if_asked(self) -> None:
        stop_if_cancelled()

    @contextmanager
    def _created(self) -> Generator[None]:
        """Make an empty file if there is none; it goes again if what is done with it fails."""
        is_new = not self._path.exists()
        if is_new:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            create_private(self._path).close()
            if os.geteuid() == 0:  # else the service, which should not run as root, could not open it
                directory = self._path.parent.stat()
                os.chown(self._path, directory.st_uid, directory.st_gid)
        try:
            yield
        except BaseException:
            if is_new:
                for suffix in ("", "-wal", "-shm"):
                    self._path.with_name(f"{self._path.name}{suffix}").unlink(missing_ok=True)
            raise


def _pages(connection: sqlite3.Connection) -> int:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    return pages


@contextmanager
def _opened(path: Path, mode: str = "rw") -> Generator[sqlite3.Connection]:
    """Open a file that exists. Transactions begin where the code says so."""
    uri = urlsplit(path.absolute().as_uri())._replace(query=urlencode({"mode": mode})).geturl()
    # A second of waiting for locks is short enough to notice Ctrl-C between two attempts.
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=1)) as connection:
        connection.text_factory = text_of
        yield connection


@contextmanager
def _explained(path: Path) -> Generator[None]:
    """Make a sentence of what SQLite has against the file."""
    try:
        yield
    except sqlite3.Error as error:
        raise BackupError(f"{path} cannot be used: {error}.{_advice(error)}") from error


@contextmanager
def _copying(source: Path, target: Path) -> Generator[None]:
    """Name both files: which of them the disk has something against, SQLite does not say."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise BackupError(f"{source} cannot be copied to {target}: {error}. Is there room?") from error


def _advice(error: sqlite3.Error) -> str:
    """Return what to do about a damaged file; what is wrong with the disk or with locks is an operational error."""
    if isinstance(error, sqlite3.OperationalError):
        return ""
    return " It is damaged, or no SQLite database. To restore a backup, move it and its -wal and -shm files away first."


def _counts(connection: sqlite3.Connection) -> bool:
    """Tell whether there is a table with a counter of ids."""
    return bool(connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'").fetchall())
