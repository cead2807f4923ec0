"""PostgreSQL: a server, through asyncpg."""

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from adapters.backups.postgresql import PostgresqlServerDatabase
    from adapters.backups.progress import Progress
    from adapters.sqlalchemy.postgresql import PostgresDatabase


class ConfiguredPostgresql:
    """Implements ``ConfiguredDatabase``."""

    kind: ClassVar[str] = "postgresql"
    is_embedded: ClassVar[bool] = False

    def __init__(self, url: str) -> None:
        self._url = url

    def __str__(self) -> str:
        _, _, where = self._url.partition("?")[0].rpartition("@")
        return f"PostgreSQL at {where.removeprefix('postgresql://')}"

    def is_missing(self) -> bool:
        """See the protocol."""
        return False

    def open(self, *, pool_size: int) -> "AbstractAsyncContextManager[PostgresDatabase]":
        """See the protocol."""
        from adapters.sqlalchemy.postgresql import open_postgresql

        return open_postgresql(self._url, pool_size=pool_size)

    async def migrate(self, revision: str = "head") -> str | None:
        """See the protocol."""
        from adapters.sqlalchemy.migrate_postgresql import migrate_postgresql

        return await migrate_postgresql(self._url, revision)

    def dumpable(self, progress: "Progress | None" = None) -> "PostgresqlServerDatabase":
        """See the protocol."""
        from adapters.backups.postgresql import PostgresqlServerDatabase

        return PostgresqlServerDatabase(self._url, progress)
