"""Backups that are not what they should be, in every way that came to mind."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import delete

from adapters.backups.directory import backups_in
from adapters.backups.manifest import manifest_path, read_manifest
from adapters.sqlalchemy.database import Statement
from adapters.sqlalchemy.tables import AccountRow, TodoRow
from domain.backups.errors import BackupError
from tests.integration.backups.scenario import Scenario, account, fill, forged, names_in, todo


def without_the_end(data: bytes) -> bytes:
    return data[:-1]


def with_more_at_the_end(data: bytes) -> bytes:
    return data + b"x"


def emptied(_: bytes) -> bytes:
    return b""


def with_a_bit_flipped(data: bytes) -> bytes:
    return data[:5000] + bytes([data[5000] ^ 4]) + data[5001:]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (without_the_end, "is damaged: it has"),
        (with_more_at_the_end, "is damaged: it has"),
        (emptied, "is damaged: it has 0 bytes"),
        (with_a_bit_flipped, "is damaged: its SHA-256"),
    ],
)
async def test_a_damaged_file_is_noticed_and_nothing_is_restored(
    scenario: Scenario, directory: Path, damage: Callable[[bytes], bytes], words: str
) -> None:
    await fill(scenario)
    before = await scenario.rows()
    backup = await scenario.backups().make(directory)
    backup.file.write_bytes(damage(backup.file.read_bytes()))

    with pytest.raises(BackupError, match=words):
        await scenario.backups().verify(backup)
    with pytest.raises(BackupError, match=words):
        await scenario.backups().restore(backup)

    assert await scenario.rows() == before
    assert read_manifest(backup.file).verified_at is None


@pytest.mark.parametrize("foreign", [b"", b"hello", b"PGDMP\x01\x0f\x00garbage", b"SQLite format 3\x00" + b"x" * 9000])
async def test_what_was_never_a_dump_is_a_sentence_though_the_manifest_fits(
    scenario: Scenario, directory: Path, foreign: bytes
) -> None:
    owner = await scenario.insert(AccountRow, **account())
    await scenario.insert(TodoRow, **todo(owner))
    before = await scenario.rows()
    backup = forged(await scenario.backups().make(directory), foreign)

    for attempt in (scenario.backups().verify, scenario.backups().restore):
        with pytest.raises(BackupError, match=r"cannot be used|failed|finds the backup damaged|is not what"):
            await attempt(backup)

    assert await scenario.rows() == before
    assert await scenario.remains(directory) == []


async def test_the_first_table_that_differs_is_named(scenario: Scenario, directory: Path) -> None:
    owner = await scenario.insert(AccountRow, **account())
    await scenario.insert(TodoRow, **todo(owner, "as it was"))
    made = await scenario.backups().make(directory)
    async with scenario.open() as database:
        await database.fetch_all(Statement(delete(TodoRow).returning(TodoRow.id)))
    await scenario.insert(TodoRow, **todo(owner, "as it never was"))
    scenario.clock.advance(seconds=1)
    other = await scenario.backups().make(directory)
    await scenario.insert(TodoRow, **todo(owner, "one more"))
    scenario.clock.advance(seconds=1)
    more = await scenario.backups().make(directory)

    with pytest.raises(BackupError, match="The table todos has as many rows as it should, but not the same ones"):
        await scenario.backups().verify(forged(made, other.file.read_bytes()))
    with pytest.raises(BackupError, match="The table todos has 2 rows instead of 1"):
        await scenario.backups().verify(forged(made, more.file.read_bytes()))

    assert [backup.manifest.verified_at for backup in backups_in(directory, scenario.dumpable.kind)] == [
        None,
        None,
        None,
    ]


async def test_a_backup_of_another_kind_of_database_is_refused(scenario: Scenario, directory: Path) -> None:
    made = await scenario.backups().make(directory)
    other = "postgresql" if scenario.dumpable.kind == "sqlite" else "sqlite"
    backup = replace(made, manifest=replace(made.manifest, database=other))

    for attempt in (scenario.backups().verify, scenario.backups().restore):
        with pytest.raises(BackupError, match=r"is a backup of .*, and the settings name a database of"):
            await attempt(backup)


async def test_a_newer_schema_is_refused_and_an_older_one_is_not_current(scenario: Scenario, directory: Path) -> None:
    backup = await scenario.backups().make(directory)

    with pytest.raises(BackupError, match=r"this version knows 0000 at the most. Use version 1\.2\.3"):
        await scenario.backups(newest="0000").restore(backup)
    assert not scenario.backups(newest="9999").is_current(backup)
    assert scenario.backups(newest=backup.manifest.revision).is_current(backup)


async def test_data_without_its_manifest_is_no_backup(scenario: Scenario, directory: Path) -> None:
    backup = await scenario.backups().make(directory)
    manifest_path(backup.file).unlink()

    with pytest.raises(BackupError, match="is missing: a backup is the file and its manifest"):
        scenario.backups().find(backup.file)
    with pytest.raises(BackupError, match="There is no backup of"):
        scenario.backups().find(directory)


async def test_nothing_is_overwritten(scenario: Scenario, directory: Path) -> None:
    backup = await scenario.backups().make(directory / "mine")

    with pytest.raises(BackupError, match="exists, and a backup replaces nothing"):
        await scenario.backups().make(backup.file)
    with pytest.raises(BackupError, match="There is no directory"):
        await scenario.backups().make(directory / "none" / "mine")


async def test_a_database_that_was_never_migrated_has_nothing_to_back_up(empty: Scenario, directory: Path) -> None:
    with pytest.raises(BackupError, match=r"The database has not been migrated|There is no database at"):
        await empty.backups().make(directory)

    assert names_in(directory) == []
