"""SQLite: a file that the processes of one machine share."""

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, ClassVar

from entrypoints.settings import sqlite_file

if TYPE_CHECKING:
    from adapters.backups.progress import Progress
    from adapters.backups.sqlite import SqliteFile
    from adapters.sqlalchemy.sqlite import SqliteDatabase


class ConfiguredSqlite:
    """Implements ``ConfiguredDatabase``."""

    kind: ClassVar[str] = "sqlite"
    is_embedded: ClassVar[bool] = True

    def __init__(self, url: str) -> None:
        self._file = sqlite_file(url)

    def __str__(self) -> str:
        return f"SQLite in {self._file}"

    def is_missing(self) -> bool:
        """See the protocol."""
        return not self._file.exists()

    def open(self, *, pool_size: int) -> "AbstractAsyncContextManager[SqliteDatabase]":
        """See the protocol."""
        from adapters.sqlalchemy.sqlite import open_sqlite

        return open_sqlite(self._file, pool_size=pool_size)

    async def migrate(self, revision: str = "head") -> str | None:
        """See the protocol."""
        from adapters.sqlalchemy.sqlite_revision import is_migrated

        if revision == "head" and is_migrated(self._file):
            return None
        from adapters.sqlalchemy.migrate_sqlite import migrate_sqlite

        return await migrate_sqlite(self._file, revision)

    def dumpable(self, progress: "Progress | None" = None) -> "SqliteFile":
        """See the protocol."""
        from adapters.backups.sqlite import SqliteFile

        return SqliteFile(self._file, progress)
