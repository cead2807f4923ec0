"""What backups need of a database."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import ClassVar, Protocol, Self

from domain.backups.content import Content

REVISION_TABLE = "alembic_version"
"""Where Alembic keeps the revision of the schema."""


class DumpableDatabase(Protocol):
    """A database that can be dumped, measured and restored.

    Every method raises ``BackupError`` if that cannot be done now. A cancelled one leaves nothing behind.
    """

    kind: ClassVar[str]
    """The word for it in manifests."""

    async def dump(self, file: Path) -> Content:
        """Write everything into a new private file, while others write; return what is in it, of the same snapshot."""
        ...

    async def content(self) -> Content:
        """Return what is there now; nothing if there is no database yet."""
        ...

    async def restore(self, file: Path, content: Content) -> None:
        """Replace everything by ``content``, which is in a file that ``dump`` wrote: all of it or nothing."""
        ...

    def scratch(self, room: Path) -> AbstractAsyncContextManager[Self]:
        """Make an empty database of the same kind, and remove it in every case; ``room`` is for its files."""
        ...
