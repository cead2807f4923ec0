"""Databases that can be backed up."""

import asyncio
from collections.abc import Generator
from functools import partial
from pathlib import Path

import asyncpg
import pytest
from msgspec.structs import replace

from adapters.backups.postgresql import PostgresqlServerDatabase
from adapters.backups.sqlite import SqliteFile
from adapters.sqlalchemy.postgresql import open_postgresql
from adapters.sqlalchemy.sqlite import open_sqlite
from tests.clock import StandingClock
from tests.integration.backups.scenario import Scenario, tools_of
from tests.postgresql import new_database


@pytest.fixture(scope="session")
def tools(postgresql_server: str) -> str:
    """A PATH with PostgreSQL's tools for the server of the tests."""
    return tools_of(asyncio.run(_major_version(postgresql_server)))


async def _major_version(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return connection.get_server_version().major
    finally:
        await connection.close()


@pytest.fixture
def sqlite_scenario(sqlite_file: Path, clock: StandingClock, tmp_path: Path) -> Scenario:
    """An SQLite file."""
    return Scenario(
        dumpable=SqliteFile(sqlite_file),
        open=partial(open_sqlite, sqlite_file),
        settings={"DATA_DIR": str(sqlite_file.parent)},
        home=tmp_path,
        clock=clock,
    )


@pytest.fixture
def postgresql_scenario(
    committed_url: str, clock: StandingClock, tmp_path: Path, tools: str, monkeypatch: pytest.MonkeyPatch
) -> Scenario:
    """A PostgreSQL database of the test's own."""
    monkeypatch.setenv("PATH", tools)
    return Scenario(
        dumpable=PostgresqlServerDatabase(committed_url),
        open=partial(open_postgresql, committed_url),
        settings={"DATABASE_URL": committed_url},
        home=tmp_path,
        clock=clock,
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def scenario(request: pytest.FixtureRequest) -> Scenario:
    """A database of each kind, one after the other."""
    return request.getfixturevalue(f"{request.param}_scenario")


@pytest.fixture
def empty(request: pytest.FixtureRequest, scenario: Scenario, tmp_path: Path) -> Generator[Scenario]:
    """A place for another database of the same kind."""
    if scenario.dumpable.kind == "sqlite":
        data = tmp_path / "elsewhere"
        file = data / "todo.sqlite3"
        yield replace(
            scenario, dumpable=SqliteFile(file), open=partial(open_sqlite, file), settings={"DATA_DIR": str(data)}
        )
        return
    with new_database(request.getfixturevalue("postgresql_server")) as url:
        yield replace(
            scenario,
            dumpable=PostgresqlServerDatabase(url),
            open=partial(open_postgresql, url),
            settings={"DATABASE_URL": url},
        )


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """An empty directory for backups."""
    path = tmp_path / "backups"
    path.mkdir()
    return path
