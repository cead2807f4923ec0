"""Files that are private, complete or absent, and there after a power cut."""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from adapters.backups.cancellation import stop_if_cancelled
from adapters.backups.progress import Progress, Unwatched

_CHUNK = 1 << 20
"""Bytes that are read at once."""

_WORKSPACE_PREFIX = ".todo-backup-"


class HashingWriter:
    """Writes to a file, and knows the size and the SHA-256 of what it wrote."""

    def __init__(self, file: BinaryIO, progress: Progress | None = None) -> None:
        self._file = file
        self._progress = progress or Unwatched()
        self._hash = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        """The digest, in hexadecimal digits."""
        return self._hash.hexdigest()

    def write(self, data: bytes) -> int:
        """Write all of it."""
        stop_if_cancelled()
        self._hash.update(data)
        self.size += len(data)
        self._progress.advance(len(data))
        return self._file.write(data)

    def flush(self) -> None:
        """Pass on what is buffered."""
        self._file.flush()


def create_private(path: Path) -> BinaryIO:
    """Create a file that only its owner can read, for writing.

    :raises FileExistsError: if there is one already.
    """
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def copy_all(source: BinaryIO, target: HashingWriter) -> None:
    """Copy everything that is left to read."""
    while chunk := source.read(_CHUNK):
        target.write(chunk)


def sha256_of(path: Path, progress: Progress) -> str:
    """Return the digest of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            stop_if_cancelled()
            digest.update(chunk)
            progress.advance(len(chunk))
    return digest.hexdigest()


def make_durable(file: BinaryIO) -> None:
    """Wait until what was written is on the disk."""
    file.flush()
    os.fsync(file.fileno())


def write_durably(path: Path, content: bytes) -> None:
    """Create a private file with this content."""
    with create_private(path) as file:
        file.write(content)
        make_durable(file)


def publish(draft: Path, path: Path) -> None:
    """Give a complete file its name, which must be free.

    :raises FileExistsError: if somebody else was faster.
    """
    try:
        os.link(draft, path)  # unlike a rename it replaces nothing
    except FileExistsError:
        raise
    except OSError:  # file systems of the network may have no links
        draft.rename(path)
    _make_names_durable(path.parent)


def replace_bytes(path: Path, content: bytes) -> None:
    """Write a private file in one step: readers see the old content or the new, never a part."""
    with workspace(path.parent) as room:
        draft = room / path.name
        write_durably(draft, content)
        draft.replace(path)
    _make_names_durable(path.parent)


@contextmanager
def workspace(directory: Path) -> Generator[Path]:
    """Make a private directory for unfinished files in ``directory``, and remove it in every case.

    It is locked: what is left by a process that was killed can be told from what is in use.
    """
    with ExitStack() as stack:
        yield _new_room(directory, stack)


def remove_abandoned(directory: Path) -> bool:
    """Remove the workspaces in ``directory`` that nobody uses any more; tell whether there are none in use."""
    for room in directory.glob(f"{_WORKSPACE_PREFIX}*"):
        with suppress(OSError), _locked(room):  # it is in use, gone, or somebody else's
            shutil.rmtree(room, ignore_errors=True)
    return not any(directory.glob(f"{_WORKSPACE_PREFIX}*"))


def _new_room(directory: Path, stack: ExitStack) -> Path:
    """Make a directory and lock it, until the stack is left; somebody who tidies up may come between the two."""
    while True:
        room = Path(tempfile.mkdtemp(prefix=_WORKSPACE_PREFIX, dir=directory))
        with suppress(BlockingIOError, FileNotFoundError):
            stack.enter_context(_locked(room))
            if room.exists():
                stack.callback(shutil.rmtree, room, ignore_errors=True)
                return room


@contextmanager
def _locked(directory: Path) -> Generator[None]:
    with _opened(directory) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def _make_names_durable(directory: Path) -> None:
    with _opened(directory) as descriptor:
        os.fsync(descriptor)


@contextmanager
def _opened(directory: Path) -> Generator[int]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
