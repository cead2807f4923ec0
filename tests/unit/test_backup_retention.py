"""Which backups of a directory may go."""

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from domain.backups.model import Backup
from domain.backups.retention import newest_verified, superseded
from tests.clock import NOON
from tests.unit.test_backup_manifests import MANIFEST


def a_backup(age: int, *, verified: bool = False) -> Backup:
    """Return a backup made so many days ago."""
    made = NOON - timedelta(days=age)
    manifest = replace(MANIFEST, created_at=made, verified_at=NOON if verified else None)
    return Backup(file=Path(f"{age}.backup"), manifest=manifest)


def ages(backups: list[Backup]) -> list[int]:
    """Return of which days the backups are."""
    return [int(backup.file.stem) for backup in backups]


@pytest.mark.parametrize(
    ("verified", "keep", "gone"),
    [
        ((), 2, [2, 3, 4]),
        ((), 5, []),
        ((), 99, []),
        ((0,), 1, [1, 2, 3, 4]),
        ((1,), 2, [2, 3, 4]),
        ((3,), 2, [2, 4]),
        ((3, 4), 2, [2, 4]),
        ((0, 3), 2, [2, 3, 4]),
    ],
)
def test_the_newest_stay_and_the_newest_that_is_known_to_be_good(
    verified: tuple[int, ...], keep: int, gone: list[int]
) -> None:
    backups = [a_backup(age, verified=age in verified) for age in range(5)]

    assert ages(superseded(backups, keep=keep)) == gone


def test_the_one_just_made_stays_though_it_looks_older() -> None:
    backups = [a_backup(age) for age in range(4)]

    assert ages(superseded(backups, keep=1, made=backups[2].file)) == [1, 3]


def test_the_newest_verified_one_is_the_one_made_last_not_the_one_verified_last() -> None:
    old = a_backup(3, verified=True)
    old_again = replace(old, manifest=replace(old.manifest, verified_at=NOON + timedelta(days=1)))

    assert newest_verified([a_backup(0), a_backup(1, verified=True), old_again]) == a_backup(1, verified=True)
    assert newest_verified([a_backup(0)]) is None
    assert newest_verified([]) is None
