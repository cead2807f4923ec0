"""A disk that is small enough to be filled."""

import os
import subprocess
from pathlib import Path

_MOUNT_AND_BECOME = 'mount -t tmpfs -o "size=$0" todo-api "$1" && shift && exec "$@"'


def on_small_disk(directory: Path, *, mebibytes: int) -> list[str]:
    """Return the beginning of a command: what follows finds a file system of its own, in memory, at ``directory``.

    Nobody else sees it, and it is gone with its last process. Who is not root needs user namespaces for that.
    """
    as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", "--mount", *as_root, "sh", "-c", _MOUNT_AND_BECOME, f"{mebibytes}m", str(directory)]


def can_be_mounted(directory: Path) -> bool:
    """Tell whether this machine allows that."""
    command = [*on_small_disk(directory, mebibytes=1), "true"]
    try:
        return subprocess.run(command, check=False).returncode == 0  # noqa: S603 - our own command
    except FileNotFoundError:
        return False


class SmallDisk:
    """The disk that the process ``pid`` has at ``directory``, seen from outside."""

    def __init__(self, pid: int, directory: Path) -> None:
        self._ballast = Path(f"/proc/{pid}/root") / directory.relative_to("/") / "ballast"

    def fill(self) -> None:
        """Leave not a single byte."""
        with self._ballast.open("ab", buffering=0) as ballast:
            for size in (65_536, 4_096, 1):
                try:
                    while True:
                        ballast.write(bytes(size))
                except OSError:
                    continue

    def make_room(self) -> None:
        """Give back what ``fill`` took."""
        self._ballast.unlink()
