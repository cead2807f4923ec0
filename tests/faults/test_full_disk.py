"""The disk of the embedded database is full: writes are refused until there is room, and everything else goes on."""

from pathlib import Path

import pytest

from tests.faults.service import SOON, User, unlimited
from tests.faults.small_disk import SmallDisk, can_be_mounted, on_small_disk
from tests.needs import must_not_be_skipped


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A directory where a disk can be mounted; if that cannot be tried here, it is said aloud."""
    directory = tmp_path / "data"
    directory.mkdir()
    if not can_be_mounted(directory):
        reason = "this machine does not let us mount a small file system to fill"
        must_not_be_skipped(reason)
        pytest.skip(f"NOT TRIED: {reason}.")
    return directory


def test_a_full_disk_refuses_writes_and_nothing_else(data: Path, tmp_path: Path) -> None:
    with unlimited(tmp_path, through=on_small_disk(data, mebibytes=8)) as service:
        ada, disk = User(service.url), SmallDisk(service.process.pid, data)
        with ada.load() as load:
            load.until_served(300)
            disk.fill()
            load.until_failed(50)
            read, ready = ada.get("/todos"), ada.get("/health/ready")
            disk.make_room()
            seconds = load.until_served(300)
        contradictions = ada.contradictions_of(load)

    assert contradictions == []
    assert load.failures.keys() == {"503"}
    assert (read.status_code, ready.status_code) == (200, 200)
    assert "full" in ready.json()["notices"][0]
    assert seconds < SOON
