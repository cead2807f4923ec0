"""The version before, on a database that a later one has migrated, and where else a database may be taken."""

import asyncio
import fcntl
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from subprocess import CompletedProcess

import asyncpg
import httpx
import pytest
from msgspec import Struct

from adapters.sqlalchemy.migrate_postgresql import migrate_postgresql
from adapters.sqlalchemy.migrate_sqlite import migrate_sqlite
from adapters.sqlalchemy.revisions import newest_revision
from domain.errors import Invalid
from tests.integration.later_version import EXPAND, Later
from tests.integration.processes import Server, serving, todo_api


class Place(Struct, frozen=True, kw_only=True):
    """A database of either kind."""

    migrate: Callable[..., Awaitable[str | None]]
    todo_api: Callable[..., CompletedProcess[str]]
    serving: Callable[..., AbstractContextManager[Server]]
    locked: Callable[[], AbstractAsyncContextManager[None]]


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A database of each kind, one after the other."""
    if request.param == "sqlite":
        path = tmp_path / "data" / "todo.sqlite3"
        return Place(
            migrate=partial(migrate_sqlite, path),
            todo_api=partial(todo_api, DATA_DIR=str(path.parent)),
            serving=partial(serving, DATA_DIR=str(path.parent)),
            locked=partial(locked_file, path),
        )
    committed_url = request.getfixturevalue("committed_url")
    return Place(
        migrate=partial(migrate_postgresql, committed_url),
        todo_api=partial(todo_api, DATABASE_URL=committed_url),
        serving=partial(serving, DATABASE_URL=committed_url, MIGRATE_ON_START="true"),
        locked=partial(locked_database, committed_url),
    )


@pytest.fixture
def place_ahead(place: Place, later: Later) -> Place:
    """A database that a later version has migrated."""

    async def migrate() -> None:
        await place.migrate(scripts=later.migration(EXPAND).scripts)

    asyncio.run(migrate())
    return place


class TestTheVersionBefore:
    def test_migrates_nothing_and_says_why(self, place_ahead: Place, later: Later, tmp_path: Path) -> None:
        result = place_ahead.todo_api("migrate", home=tmp_path)

        assert result.returncode == 0
        assert result.stdout == f"The database is at {later.head}, ahead of this version; nothing is to be done.\n"

    def test_serves(self, place_ahead: Place, later: Later, tmp_path: Path) -> None:
        with place_ahead.serving(tmp_path) as server:
            ready = httpx.get(f"{server.url}/health/ready")

        assert (ready.status_code, ready.json()["status"]) == (200, "ready")
        assert f"The database is at {later.head}, ahead of this version" in server.log.read_text()

    @pytest.mark.parametrize("revision", ["-1", "+1", "base", newest_revision()])
    def test_cannot_take_back_what_it_does_not_know(
        self, revision: str, place_ahead: Place, later: Later, tmp_path: Path
    ) -> None:
        result = place_ahead.todo_api("migrate", revision, home=tmp_path)

        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr == (
            f"Error: The database is at {later.head}, ahead of this version: "
            "only the version that migrated it can take it elsewhere.\n"
        )


class TestGoingTo:
    async def test_an_older_revision_by_its_number_is_refused(self, place: Place, later: Later) -> None:
        later.migration(EXPAND)
        await place.migrate(scripts=later.scripts)

        with pytest.raises(Invalid, match=f"at {later.head}, past {newest_revision()}.*`todo-api migrate -1`.* base`"):
            await place.migrate(newest_revision(), scripts=later.scripts)

    async def test_a_revision_by_its_number_stops_there(self, place: Place, later: Later) -> None:
        later.migration(EXPAND).migration('op.add_column("todos", sa.Column("size", sa.Integer()))')
        await place.migrate(newest_revision(), scripts=later.scripts)

        await place.migrate(f"{int(later.head) - 1:04}", scripts=later.scripts)

        with pytest.raises(Invalid, match=f"at {int(later.head) - 1:04}, past"):
            await place.migrate(newest_revision(), scripts=later.scripts)

    @pytest.mark.parametrize("revision", ["nonsense", "heads", "head-1", "0001:0002", "000"])
    async def test_anything_else_is_refused(self, revision: str, place: Place) -> None:
        with pytest.raises(Invalid, match="Can't locate revision"):
            await place.migrate(revision)


async def test_one_that_waits_for_another_says_so_and_goes_on(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    await place.migrate()
    caplog.clear()
    with caplog.at_level(logging.INFO, "adapters.sqlalchemy"):
        async with place.locked():
            migrating = asyncio.ensure_future(place.migrate())
            await asyncio.wait([migrating], timeout=1)
            assert caplog.messages == ["Another process migrates the database; this one waits for it"]
        await migrating

    assert caplog.messages[1:] == ["The other process is done; this one goes on"]


@asynccontextmanager
async def locked_file(path: Path) -> AsyncGenerator[None]:
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@asynccontextmanager
async def locked_database(url: str) -> AsyncGenerator[None]:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SELECT pg_advisory_lock(7466137058)")
        yield
    finally:
        await connection.close()
