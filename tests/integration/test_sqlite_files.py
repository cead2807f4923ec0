"""The files of an SQLite database are moved, removed or replaced while it is open: nothing is acknowledged and lost."""

import asyncio
import os
import shutil
import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import closing
from pathlib import Path

import pytest

from adapters.backups.sqlite import SqliteFile
from adapters.sqlalchemy.migrate_sqlite import migrate_sqlite
from adapters.sqlalchemy.sqlite import SqliteDatabase, open_sqlite
from adapters.sqlalchemy.sqlite_files import FILES_CHANGED
from adapters.sqlalchemy.store import SqlAlchemyStore
from domain.errors import Unavailable
from domain.store import Repositories
from entrypoints.databases.problems import problems_of
from tests.builders import a_new_account

POOL_SIZE = 3


def beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def rename(path: Path) -> None:
    path.rename(path.with_name("elsewhere.sqlite3"))


def rename_back(path: Path) -> None:
    path.with_name("elsewhere.sqlite3").rename(path)


def replace_by_a_copy(path: Path) -> None:
    shutil.copy(path, path.with_name("copy.sqlite3"))
    path.with_name("copy.sqlite3").replace(path)


def replace_by_another(path: Path) -> None:
    path.unlink()
    sqlite3.connect(path).close()
    path.touch()


def remove_log(path: Path) -> None:
    beside(path, "-wal").unlink()


def remove_index_of_log(path: Path) -> None:
    beside(path, "-shm").unlink()


def remove_directory(path: Path) -> None:
    shutil.rmtree(path.parent)


MISHAPS = [
    pytest.param(Path.unlink, id="removed"),
    pytest.param(rename, id="renamed"),
    pytest.param(replace_by_a_copy, id="replaced by a copy"),
    pytest.param(replace_by_another, id="replaced by another"),
    pytest.param(remove_log, id="log removed"),
    pytest.param(remove_index_of_log, id="index of the log removed"),
    pytest.param(remove_directory, id="directory removed"),
]


@pytest.fixture
def path(sqlite_file: Path) -> Path:
    """The file, in a directory of its own."""
    directory = sqlite_file.parent / "data"
    directory.mkdir()
    return sqlite_file.rename(directory / "todo.sqlite3")


@pytest.fixture
async def database(path: Path) -> AsyncGenerator[SqliteDatabase]:
    """The file, opened, with a connection that has written to it."""
    async with open_sqlite(path, pool_size=POOL_SIZE) as database:
        await add_account(database, "before@example.com")
        yield database


@pytest.mark.parametrize("mishap", MISHAPS)
class TestMishaps:
    async def test_nothing_is_acknowledged_that_would_be_lost(
        self, database: SqliteDatabase, path: Path, mishap: Callable[[Path], None]
    ) -> None:
        mishap(path)

        with pytest.raises(Unavailable, match="moved, removed or replaced"):
            await add_account(database)
        with pytest.raises(Unavailable, match="moved, removed or replaced"):
            await add_account_in_a_transaction(database)

    async def test_it_is_noticed_at_the_last_moment(
        self, database: SqliteDatabase, path: Path, mishap: Callable[[Path], None]
    ) -> None:
        async def add_meanwhile(tx: Repositories) -> None:
            await tx.accounts.add(a_new_account())
            mishap(path)

        with pytest.raises(Unavailable, match="moved, removed or replaced"):
            await SqlAlchemyStore(database).transaction(add_meanwhile)

    async def test_readiness_says_so(
        self, database: SqliteDatabase, path: Path, mishap: Callable[[Path], None]
    ) -> None:
        before = await problems_of(database)
        mishap(path)

        assert before == []
        assert await problems_of(database) == [FILES_CHANGED]

    async def test_no_connection_is_made_to_anything_else(
        self, database: SqliteDatabase, path: Path, mishap: Callable[[Path], None]
    ) -> None:
        mishap(path)
        there = sorted(path.parent.parent.rglob("*"))

        reads = await asyncio.gather(
            *(find_account(database, "before@example.com") for _ in range(POOL_SIZE)), return_exceptions=True
        )

        assert {type(read) for read in reads[1:]} == {Unavailable}
        assert sorted(path.parent.parent.rglob("*")) == there

    async def test_what_is_open_can_still_be_read(
        self, database: SqliteDatabase, path: Path, mishap: Callable[[Path], None]
    ) -> None:
        mishap(path)

        assert await find_account(database, "before@example.com") is not None


async def test_a_file_that_is_put_back_is_written_again(database: SqliteDatabase, path: Path) -> None:
    rename(path)
    with pytest.raises(Unavailable):
        await add_account(database)
    rename_back(path)

    await add_account(database, "after@example.com")

    assert await problems_of(database) == []


async def test_a_restored_backup_is_the_same_file(database: SqliteDatabase, path: Path, tmp_path: Path) -> None:
    file = SqliteFile(path)
    content = await file.dump(tmp_path / "backup")
    await add_account(database, "lost@example.com")

    await file.restore(tmp_path / "backup", content)
    await add_account(database, "after@example.com")

    assert await find_account(database, "lost@example.com") is None
    assert await find_account(database, "before@example.com") is not None
    assert await problems_of(database) == []


async def test_what_other_processes_do_with_the_file_is_no_mishap(database: SqliteDatabase, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("VACUUM")
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    await add_account(database)
    await add_account_in_a_transaction(database)

    assert await problems_of(database) == []


async def test_a_database_that_is_made_while_it_is_open_is_no_mishap(sqlite_file: Path) -> None:
    path = sqlite_file.with_name("new.sqlite3")
    async with open_sqlite(path) as database:
        assert await problems_of(database) == ["The database has not been migrated."]
        await asyncio.to_thread(asyncio.run, migrate_sqlite(path))

        await add_account(database)

        assert await problems_of(database) == []


async def test_it_does_not_matter_from_where_the_path_was_meant(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    async with open_sqlite(Path(path.name)) as database:
        await add_account(database)
        os.chdir(path.parent.parent)

        await add_account_in_a_transaction(database)


async def find_account(database: SqliteDatabase, email: str) -> object:
    return await SqlAlchemyStore(database).accounts.credentials_by_email(email)


async def add_account(database: SqliteDatabase, email: str = "grace@example.com") -> None:
    await SqlAlchemyStore(database).accounts.add(a_new_account(email))


async def add_account_in_a_transaction(database: SqliteDatabase, email: str = "ada@example.com") -> None:
    await SqlAlchemyStore(database).transaction(lambda tx: tx.accounts.add(a_new_account(email)))
