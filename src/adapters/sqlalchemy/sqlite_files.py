"""Whether the files of an SQLite database still are the ones that were opened.

Who moves or removes a file takes nothing from those that have it open: they go on reading and writing what nobody
will find again. The log and its index stand beside the database under names of their own, and whoever opens it anew
without them, or with those of another database, damages it.
"""

import os
from pathlib import Path
from threading import RLock

from domain.errors import Unavailable

FILES_CHANGED = (
    "The file of the database, or its -wal or -shm file, was moved, removed or replaced while it was open: nothing is"
    " written any more. Put it back, or start the service anew."
)

_Identity = tuple[int, int] | None
"""Device and inode; nothing while there is no such file."""


class DatabaseFiles:
    """A database, its write-ahead log and the log's index, as they were when the first connection found them.

    Connections are made in threads of their own.
    """

    def __init__(self, path: Path) -> None:
        self._paths = tuple(f"{path.absolute()}{suffix}" for suffix in ("", "-wal", "-shm"))
        self._opened: tuple[_Identity, ...] = (None, None, None)
        self._connections = 0
        self._lock = RLock()

    def are_unchanged(self) -> bool:
        """Tell whether what is opened is what is there; that takes some microseconds and waits for no disk.

        What was not there before is taken for what was opened: SQLite makes the log with the first table.
        """
        with self._lock:
            for _ in range(2):  # the second look is for a log that another connection has made since the first
                found = tuple(map(_identity, self._paths))
                if found != self._opened:
                    self._opened = tuple(opened or present for opened, present in zip(self._opened, found, strict=True))
                if found == self._opened:
                    return True
            return False

    def require_unchanged(self) -> None:
        """Look whether what is opened is what is there.

        :raises Unavailable: if it is not.
        """
        if not self.are_unchanged():
            raise Unavailable(FILES_CHANGED)

    def connecting(self) -> None:
        """Note that a connection is about to be made; only the first may meet other files than those before it.

        :raises Unavailable: if it would be to other files.
        """
        with self._lock:
            if self._connections:
                self.require_unchanged()
            else:
                self._opened = (None, None, None)

    def connected(self) -> None:
        """Note that a connection was made."""
        with self._lock:
            self._connections += 1
            self.are_unchanged()

    def disconnected(self) -> None:
        """Note that a connection was closed. With the last one SQLite removes the log."""
        with self._lock:
            self._connections -= 1


def _identity(path: str) -> _Identity:
    try:
        found = os.stat(path)  # noqa: PTH116 - a Path would take longer than the call
    except OSError:
        return None
    return found.st_dev, found.st_ino
