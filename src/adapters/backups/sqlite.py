"""Backups of an SQLite file, with SQLite's own online backup (https://sqlite.org/backup.html).

The work is done without awaiting; ``stop_if_cancelled`` is what lets Ctrl-C in.
"""

import hashlib
import sqlite3
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import ClassVar, Self

from adapters.backups.cancellation import stop_if_cancelled
from adapters.backups.content import REVISION_TABLE, Content, TableContent, differences
from adapters.backups.errors import BackupError
from adapters.backups.files import create_private
from adapters.backups.manifest import DatabaseKind

_LONGEST_STANDSTILL = 30
"""Seconds that a restore waits for a writer, or a backup for whoever has locked the file."""

_ROWS_AT_ONCE = 1_000
_CHECKSUM_BITS = 128


class SqliteFile:
    """Implements ``DumpableDatabase`` for the file at ``path``, whether a service has it open or not."""

    kind: ClassVar[DatabaseKind] = "sqlite"
    pages_per_step: ClassVar[int] = 2_000
    """Pages (of 4 KiB, if nobody changed that) that are copied before cancellation is looked at."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def dump(self, file: Path) -> Content:
        """See the port. One read transaction sees one state of the file, whatever is written meanwhile."""
        if not self._path.exists():
            raise BackupError(f"There is no database at {self._path}.")
        create_private(file).close()
        with _explained(self._path), _opened(self._path) as source, _opened(file) as target:
            source.execute("BEGIN")
            content = _content(source)
            self._copy(source, target)
            target.execute("PRAGMA journal_mode = DELETE")  # the copy is one file, without a log beside it
        return content

    async def content(self) -> Content:
        """See the port."""
        if not self._path.exists():
            return Content(revision=None, tables={})
        with _explained(self._path), _opened(self._path) as connection:
            connection.execute("BEGIN")
            return _content(connection)

    async def restore(self, file: Path, content: Content) -> None:
        """See the port. It is one transaction: services that have the file open see the old state or the new."""
        with _opened(file, "ro&immutable=1") as source:
            with _explained(file):
                _require_integrity(source)
                if wrong := differences(expected=content, found=_content(source)):
                    raise BackupError(f"{file} is not what the manifest says. {' '.join(wrong)}")
            with _explained(self._path), self._created(), _opened(self._path) as target:
                target.execute("PRAGMA journal_mode = WAL")
                self._copy(source, target)

    @asynccontextmanager
    async def scratch(self, room: Path) -> AsyncGenerator[Self]:
        """See the port."""
        yield type(self)(room / "scratch.sqlite3")  # and goes with the room

    def _copy(self, source: sqlite3.Connection, target: sqlite3.Connection) -> None:
        """Copy everything in one transaction of the target, which an exception rolls back."""
        moved, since = -1, time.monotonic()

        def progress(_: int, remaining: int, __: int) -> None:
            nonlocal moved, since
            self._stop_if_asked()
            if remaining != moved:
                moved, since = remaining, time.monotonic()
            elif time.monotonic() - since > _LONGEST_STANDSTILL:
                raise BackupError("Somebody else has locked the database; nothing was changed.")

        source.backup(target, pages=self.pages_per_step, progress=progress)

    def _stop_if_asked(self) -> None:
        stop_if_cancelled()

    @contextmanager
    def _created(self) -> Generator[None]:
        """Make an empty file if there is none; it goes again if what is done with it fails."""
        is_new = not self._path.exists()
        if is_new:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            create_private(self._path).close()
        try:
            yield
        except BaseException:
            if is_new:
                for suffix in ("", "-wal", "-shm"):
                    self._path.with_name(f"{self._path.name}{suffix}").unlink(missing_ok=True)
            raise


@contextmanager
def _opened(path: Path, mode: str = "rw") -> Generator[sqlite3.Connection]:
    """Open a file that exists. Transactions begin where the code says so."""
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    # A second of waiting for locks is short enough to notice Ctrl-C between two attempts.
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=1)) as connection:
        connection.text_factory = _text
        yield connection


@contextmanager
def _explained(path: Path) -> Generator[None]:
    """Make a sentence of what SQLite has against the file."""
    try:
        yield
    except sqlite3.Error as error:
        raise BackupError(f"{path} cannot be used: {error}.{_advice(error)}") from error


def _advice(error: sqlite3.Error) -> str:
    """Return what to do about a damaged file; what is wrong with the disk or with locks is an operational error."""
    if isinstance(error, sqlite3.OperationalError):
        return ""
    return " It is damaged, or no SQLite database. To restore a backup, move it and its -wal and -shm files away first."


def _text(content: bytes) -> str:
    """Return text that may not be UTF-8: it is compared, never shown."""
    return content.decode(errors="surrogateescape")


def _content(connection: sqlite3.Connection) -> Content:
    names: list[str] = [
        name
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table'"
            " AND (name NOT LIKE 'sqlite\\_%' ESCAPE '\\' OR name = 'sqlite_sequence') ORDER BY name"
        )
    ]
    tables = {name: _table_content(connection, name) for name in names}
    row = None
    if REVISION_TABLE in names:
        row = connection.execute(f"SELECT version_num FROM {REVISION_TABLE}").fetchone()  # noqa: S608 - ours
    return Content(revision=row and row[0], tables=tables)


def _table_content(connection: sqlite3.Connection, name: str) -> TableContent:
    """Count the rows, and add up their hashes: the sum does not depend on the order."""
    rows = total = 0
    quoted = name.replace('"', '""')
    cursor = connection.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608
    while chunk := cursor.fetchmany(_ROWS_AT_ONCE):
        stop_if_cancelled()
        rows += len(chunk)
        for row in chunk:
            # ascii() and not repr(): which characters the latter escapes changes with the version of Python.
            digest = hashlib.blake2b(ascii(row).encode("ascii"), digest_size=_CHECKSUM_BITS // 8).digest()
            total += int.from_bytes(digest, "big")
    return TableContent(rows=rows, checksum=f"{total % 2**_CHECKSUM_BITS:032x}")


def _require_integrity(connection: sqlite3.Connection) -> None:
    """Read every page: damage that a checksum was taken of as well would be restored with it."""
    (first,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if first != "ok":
        raise BackupError(f"SQLite finds the backup damaged: {first}")
