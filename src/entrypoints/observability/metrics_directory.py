"""Where the workers of one server put their metrics together. Nothing here needs the Prometheus client."""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""What the Prometheus client reads, once, when it is imported."""

_PREFIX = "todo-api-metrics-"
_LOCK = "in-use"


def make_metrics_directory() -> Path:
    """Make an empty directory for the server that this process becomes, and remove what former ones left.

    Each is locked by a descriptor that is inherited, so it is in use for as long as the server or a worker lives,
    however they end.
    """
    for former in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        if former.stat().st_uid == os.getuid() and not _is_in_use(former):
            shutil.rmtree(former, ignore_errors=True)
    directory = Path(tempfile.mkdtemp(prefix=_PREFIX))
    descriptor = os.open(directory / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.set_inheritable(descriptor, True)  # noqa: FBT003 - its only parameter
    return directory


def _is_in_use(directory: Path) -> bool:
    try:
        descriptor = os.open(directory / _LOCK, os.O_RDWR)
    except FileNotFoundError:
        return True  # being made at this moment, or by something else
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)
