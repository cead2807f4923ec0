"""What only SQLite can do wrong."""

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from adapters.backups.sqlite import SqliteFile
from adapters.sqlalchemy.tables import AccountRow, TodoRow
from domain.backups.errors import BackupError
from tests.integration.backups.scenario import Scenario, account, fill, names_in, todo


async def test_what_is_written_while_pages_are_copied_is_not_in_the_backup(
    sqlite_scenario: Scenario, directory: Path, sqlite_file: Path
) -> None:
    await fill(sqlite_scenario)
    before = await sqlite_scenario.rows()
    backup = await sqlite_scenario.on(Overtaken(sqlite_file)).backups().make(directory)
    assert await sqlite_scenario.rows() != before

    await sqlite_scenario.backups().verify(backup)
    await sqlite_scenario.backups().restore(backup)

    assert await sqlite_scenario.rows() == before


async def test_a_restore_that_is_stopped_halfway_leaves_the_old_data(
    sqlite_scenario: Scenario, directory: Path, sqlite_file: Path
) -> None:
    await fill(sqlite_scenario)
    backup = await sqlite_scenario.backups().make(directory)
    await sqlite_scenario.insert(AccountRow, **account("late@example.com"))
    before = await sqlite_scenario.rows()
    stopping = sqlite_scenario.on(StoppedHalfway(sqlite_file))

    with pytest.raises(asyncio.CancelledError):
        await stopping.backups().restore(backup)

    assert await sqlite_scenario.rows() == before


async def test_a_restore_that_is_stopped_where_nothing_was_leaves_nothing(
    sqlite_scenario: Scenario, directory: Path, tmp_path: Path
) -> None:
    await fill(sqlite_scenario)
    backup = await sqlite_scenario.backups().make(directory)
    nowhere = tmp_path / "new" / "todo.sqlite3"
    stopping = sqlite_scenario.on(StoppedHalfway(nowhere))

    with pytest.raises(asyncio.CancelledError):
        await stopping.backups().restore(backup)

    assert names_in(nowhere.parent) == []


async def test_a_live_file_that_is_damaged_is_explained(
    sqlite_scenario: Scenario, directory: Path, sqlite_file: Path
) -> None:
    backup = await sqlite_scenario.backups().make(directory)
    overwrite(sqlite_file, b"not a database " * 1000)

    with pytest.raises(BackupError, match="move it and its -wal and -shm files away first"):
        await sqlite_scenario.backups().restore(backup)
    with pytest.raises(BackupError, match=r"todo\.sqlite3 cannot be used: file is not a database"):
        await sqlite_scenario.backups().make(directory)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
async def test_a_file_that_root_restores_belongs_to_the_owner_of_its_directory(
    sqlite_scenario: Scenario, directory: Path, tmp_path: Path, sqlite_file: Path
) -> None:
    backup = await sqlite_scenario.backups().make(directory)
    data = tmp_path / "data of the service"
    data.mkdir()
    os.chown(data, 1234, 5678)

    await sqlite_scenario.on(SqliteFile(data / "todo.sqlite3")).backups().restore(backup)
    os.chown(sqlite_file, 1234, 5678)
    await sqlite_scenario.backups().restore(backup)

    for file in (data / "todo.sqlite3", sqlite_file):
        assert (file.stat().st_uid, file.stat().st_gid) == (1234, 5678)


async def test_an_index_that_does_not_fit_its_table_is_found(
    sqlite_scenario: Scenario, directory: Path, sqlite_file: Path
) -> None:
    owner = await sqlite_scenario.insert(AccountRow, **account())
    await sqlite_scenario.insert(TodoRow, **todo(owner))
    with closing(sqlite3.connect(sqlite_file)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DELETE FROM sqlite_schema WHERE name = 'ix_todos_owner_id_due_at_id'")
        connection.commit()
    backup = await sqlite_scenario.backups().make(directory)

    with pytest.raises(BackupError, match="SQLite finds the backup damaged"):
        await sqlite_scenario.backups().verify(backup)


def overwrite(file: Path, content: bytes) -> None:
    """Damage a file."""
    file.write_bytes(content)


class Overtaken(SqliteFile):
    """Is written to by somebody else, once, after the first pages were copied."""

    pages_per_step = 2
    _steps = 0

    def _stop_if_asked(self) -> None:
        self._steps += 1
        if self._steps == 3:
            with closing(sqlite3.connect(self._path)) as connection:
                connection.execute("DELETE FROM posts")
                connection.execute("UPDATE accounts SET display_name = 'Mallory'")
                connection.commit()


class StoppedHalfway(SqliteFile):
    """Hears of Ctrl-C after the first pages were copied."""

    pages_per_step = 2
    _steps = 0

    def _stop_if_asked(self) -> None:
        self._steps += 1
        if self._steps == 3:
            raise asyncio.CancelledError
