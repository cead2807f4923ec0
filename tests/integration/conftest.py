"""Fixtures with real databases, in every scope."""

import asyncio
import shutil
from collections.abc import AsyncGenerator, Generator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

import asyncpg
import pytest
from litestar import Litestar
from litestar.testing import TestClient
from redis.asyncio import Redis

from adapters.redis.client import open_redis
from adapters.sqlalchemy.database import Database
from adapters.sqlalchemy.migrate_postgresql import migrate_postgresql
from adapters.sqlalchemy.migrate_sqlite import migrate_sqlite
from adapters.sqlalchemy.postgresql import PostgresDatabase, open_postgresql
from adapters.sqlalchemy.sqlite import SqliteDatabase, open_sqlite
from adapters.sqlalchemy.store import SqlAlchemyStore
from domain.accounts.model import Account, NewAccount
from entrypoints.app import create_app
from entrypoints.environment import Secret
from entrypoints.services import Services
from entrypoints.serving import open_services
from entrypoints.settings import Settings
from tests import postgresql, redis_server
from tests.clock import StandingClock
from tests.csv_fixtures import FIXTURES, load
from tests.harness import PASSWORD, SECRET, quick_hash, services_on
from tests.integration.later_version import Later
from tests.integration.processes import TIMEOUT
from tests.savepoints import SavepointDatabase


class DatabaseOpener(Protocol):
    """Opens a database."""

    def __call__(self, *, pool_size: int = ..., acquire_timeout: int = ...) -> AbstractAsyncContextManager[Database]:
        """See ``open_sqlite`` and ``open_postgresql``."""
        ...


@pytest.fixture(scope="session")
def postgresql_server() -> Generator[str]:
    """The URL of a PostgreSQL server's own database."""
    with postgresql.running(postgresql.choose_origin()) as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Generator[str]:
    """The URL of a Redis server that the whole run shares: every test uses keys of its own."""
    with redis_server.running(redis_server.choose_origin()) as url:
        yield url


@pytest.fixture
async def redis_clients(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[list[Redis]]:
    """Five clients of the Redis server, with connections of their own, as so many replicas have them.

    They wait for a connection however busy the machine is.
    """
    monkeypatch.setattr("adapters.redis.client._ACQUIRE_TIMEOUT", TIMEOUT)
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(open_redis(redis_url)) for _ in range(5)]


@pytest.fixture(scope="session")
def migrated_database(postgresql_server: str) -> Generator[str]:
    """The URL of a database with the schema that the migrations make; nobody connects to it, others are copies."""
    with postgresql.new_database(postgresql_server) as url:
        asyncio.run(migrate_postgresql(url))
        yield url


@pytest.fixture(scope="session")
def shared_url(postgresql_server: str, migrated_database: str) -> Generator[str]:
    """The URL of the database in which nothing is ever committed."""
    with postgresql.new_database(postgresql_server, template=migrated_database) as url:
        yield url


@pytest.fixture(scope="session")
async def database_session(shared_url: str) -> AsyncGenerator[SavepointDatabase]:
    """A clean database for the whole run; write to it only what every test may see."""
    connection = await asyncpg.connect(shared_url)
    async with SavepointDatabase(connection).rolled_back() as database:
        yield database
    await connection.close()


@pytest.fixture(scope="module")
async def database_module(database_session: SavepointDatabase) -> AsyncGenerator[SavepointDatabase]:
    """The database, as it was before when the module is done."""
    async with database_session.rolled_back() as database:
        yield database


@pytest.fixture(scope="class")
async def database_class(database_module: SavepointDatabase) -> AsyncGenerator[SavepointDatabase]:
    """The database, as it was before when the class is done."""
    async with database_module.rolled_back() as database:
        yield database


@pytest.fixture
async def database(database_class: SavepointDatabase) -> AsyncGenerator[SavepointDatabase]:
    """The database, as it was before when the test is done."""
    async with database_class.rolled_back() as database:
        yield database


@pytest.fixture(scope="module")
async def authenticated_user(database_module: SavepointDatabase) -> Account:
    """An account that all tests of a module see, and no other module."""
    return await SqlAlchemyStore(database_module).accounts.add(
        NewAccount(
            email="module@example.com",
            password_hash=await quick_hash(PASSWORD),
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
    )


@pytest.fixture
def committed_url(postgresql_server: str, migrated_database: str) -> Generator[str]:
    """The URL of a database of the test's own, for whatever makes its own connections."""
    with postgresql.new_database(postgresql_server, template=migrated_database) as url:
        yield url


@pytest.fixture
async def committed_database(committed_url: str) -> AsyncGenerator[PostgresDatabase]:
    """A database of the test's own with a pool of connections and real commits, for races."""
    async with open_postgresql(committed_url) as database:
        yield database


@pytest.fixture(scope="session")
def migrated_sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the schema that the migrations make."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.sqlite3"
    asyncio.run(migrate_sqlite(path))
    return path


@pytest.fixture
def sqlite_file(migrated_sqlite_file: Path, tmp_path: Path) -> Path:
    """An SQLite file of the test's own with the current schema."""
    return Path(shutil.copy(migrated_sqlite_file, tmp_path / "todo.sqlite3"))


@pytest.fixture
def later(tmp_path: Path) -> Later:
    """A later version, which has no migrations of its own yet."""
    return Later(tmp_path / "later")


@pytest.fixture
async def sqlite_database(sqlite_file: Path) -> AsyncGenerator[SqliteDatabase]:
    """An SQLite file of the test's own, opened."""
    async with open_sqlite(sqlite_file) as database:
        yield database


@pytest.fixture
def sqlite_store(sqlite_database: SqliteDatabase) -> SqlAlchemyStore:
    """A clean store in an SQLite file."""
    return SqlAlchemyStore(sqlite_database)


@pytest.fixture
def postgresql_store(database: SavepointDatabase) -> SqlAlchemyStore:
    """A clean store in PostgreSQL."""
    return SqlAlchemyStore(database)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_database(request: pytest.FixtureRequest) -> Database:
    """A clean database of each kind, one after the other; the other one is not even opened."""
    return request.getfixturevalue({"sqlite": "sqlite_database", "postgresql": "database"}[request.param])


@pytest.fixture(params=["sqlite", "postgresql"])
def open_database(request: pytest.FixtureRequest) -> DatabaseOpener:
    """A database of each kind, one after the other, of the test's own, with real commits: this opens it."""
    if request.param == "sqlite":
        return partial(open_sqlite, request.getfixturevalue("sqlite_file"))
    return partial(open_postgresql, request.getfixturevalue("committed_url"))


@pytest.fixture
def store(store_database: Database) -> SqlAlchemyStore:
    """A clean store of each kind, one after the other."""
    return SqlAlchemyStore(store_database)


@pytest.fixture
async def csv_fixtures(store_database: Database) -> None:
    """What the files in tests/fixtures say, in `store`, and so in what `client` sees."""
    await load(store_database, FIXTURES)


@pytest.fixture
async def twin_databases(open_database: DatabaseOpener) -> AsyncGenerator[tuple[Database, Database]]:
    """A database of each kind, one after the other, with real commits and opened twice, as two processes would."""
    async with open_database() as one, open_database() as other:
        yield one, other


@pytest.fixture
def twin_stores(twin_databases: tuple[Database, Database]) -> tuple[SqlAlchemyStore, SqlAlchemyStore]:
    """Two stores on the same rows."""
    one, other = twin_databases
    return SqlAlchemyStore(one), SqlAlchemyStore(other)


@pytest.fixture
def replicas(twin_stores: tuple[SqlAlchemyStore, SqlAlchemyStore], clock: StandingClock) -> tuple[Services, Services]:
    """Two instances of the service on the same rows."""
    one, other = twin_stores
    return services_on(one, now=clock), services_on(other, now=clock)


@pytest.fixture
def sync_client(committed_url: str, tmp_path: Path) -> Generator[TestClient[Litestar]]:
    """A client for tests that are not coroutines: the whole service, as it runs, on PostgreSQL."""
    settings = Settings(database_url=Secret(committed_url), jwt_secret=Secret(SECRET), data_dir=tmp_path)
    with TestClient(create_app(settings, partial(open_services, settings))) as client:
        yield client
