"""What is in an SQLite file."""

import hashlib
import sqlite3

from adapters.backups.cancellation import stop_if_cancelled
from adapters.backups.database import REVISION_TABLE
from domain.backups.content import Content, TableContent
from domain.backups.errors import BackupError

_BATCH_SIZE = 1_000
_CHECKSUM_BITS = 128


def text_of(content: bytes) -> str:
    """Return text that may not be UTF-8: it is compared, never shown."""
    return content.decode(errors="surrogateescape")


def content_of(connection: sqlite3.Connection) -> Content:
    """Return the revision and what is in each table; the caller sees to it that it is one snapshot."""
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
    while chunk := cursor.fetchmany(_BATCH_SIZE):
        stop_if_cancelled()
        rows += len(chunk)
        for row in chunk:
            # ascii() and not repr(): which characters the latter escapes changes with the version of Python.
            digest = hashlib.blake2b(ascii(row).encode("ascii"), digest_size=_CHECKSUM_BITS // 8).digest()
            total += int.from_bytes(digest, "big")
    return TableContent(rows=rows, checksum=f"{total % 2**_CHECKSUM_BITS:032x}")


def require_integrity(connection: sqlite3.Connection) -> None:
    """Read every page: damage that a checksum was taken of as well would be restored with it."""
    (first,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if first != "ok":
        raise BackupError(f"SQLite finds the backup damaged: {first}")
