"""What the service needs of a kind of database."""

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from adapters.backups.database import DumpableDatabase
    from adapters.backups.progress import Progress
    from adapters.sqlalchemy.database import Database


class ConfiguredDatabase(Protocol):
    """A database that the settings name, which nobody has opened yet.

    Each method loads what it needs when it is called: a command that does not open the database starts at once.
    """

    kind: ClassVar[str]
    """The word for it in the manifests of backups."""

    is_embedded: ClassVar[bool]
    """Whether it is a file of this machine's: nobody reaches it over a network, and no password keeps it."""

    def __init__(self, url: str) -> None:
        """Take the URL in the settings."""
        ...

    def __str__(self) -> str:
        """Return what it is and where, for operators; no password is part of it."""
        ...

    def is_missing(self) -> bool:
        """Tell whether it is known, without a connection, that nothing is there yet."""
        ...

    def open(self, *, pool_size: int) -> "AbstractAsyncContextManager[Database]":
        """Open it with as many connections as ``pool_size`` at the most, until the block is left."""
        ...

    async def migrate(self, revision: str = "head") -> str | None:
        """Bring it to ``revision``; return where it is instead if that is ahead of this version.

        :raises Invalid: if there is no such revision, or it is not to be reached from where the database is.
        :raises Unavailable: if it cannot be reached, or a migration fails.
        """
        ...

    def dumpable(self, progress: "Progress | None" = None) -> "DumpableDatabase":
        """Return how it is backed up and restored, which ``progress`` hears of."""
        ...
