"""No password, token, digest or hash reaches the log of the whole service, as a process and over PostgreSQL."""

from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar.testing import TestClient
from msgspec.structs import replace
from sqlalchemy import text

from adapters.sqlalchemy.database import Database, Statement
from adapters.sqlalchemy.postgresql import PostgresDatabase
from adapters.sqlalchemy.sqlite import SqliteDatabase
from adapters.sqlalchemy.store import SqlAlchemyStore
from entrypoints.app import create_app
from entrypoints.environment import Secret
from entrypoints.serving import open_services
from tests.clock import StandingClock
from tests.harness import PASSWORD, SECRET, client_of, new_app_on, quick_hash, services_on
from tests.integration.processes import TIMEOUT, serving, todo_api
from tests.log_capture import PRODUCTION, configured
from tests.secret_hunt import SecretHunt

INSERT = "INSERT INTO accounts (email, password_hash) VALUES (:email, :password_hash)"


class RefusedByTheDatabase:
    """Lets the database refuse a row that has a hash in it."""

    def __init__(self, database: Database, password_hash: str) -> None:
        self.database = database
        self.password_hash = password_hash

    async def page(self, **_: object) -> None:
        statement = Statement(text(f"{INSERT} RETURNING id"))
        await self.database.fetch_all(statement, email="ada@example.com", password_hash=self.password_hash)


@pytest.mark.parametrize("environment", ["production", "development"])
def test_a_real_process_logs_no_secret_at_its_wordiest(environment: str, committed_url: str, tmp_path: Path) -> None:
    with (
        serving(
            tmp_path, DATABASE_URL=committed_url, JWT_SECRET=SECRET, LOG_LEVEL="debug", ENVIRONMENT=environment
        ) as server,
        httpx.Client(base_url=server.url, timeout=TIMEOUT) as client,
    ):
        hunt = SecretHunt(client)
        hunt.use_everything()
        todo_api("migrate", "base", home=tmp_path, DATABASE_URL=committed_url)
        assert client.get("/posts").status_code == 503
        assert client.post("/auth/login", data={"username": "a@example.com", "password": PASSWORD}).status_code == 503
        server.stop()

        written = server.log.read_text(encoding="utf-8")
        assert "UndefinedTableError" in written
        assert len(written.splitlines()) > 60
        hunt.secrets.add(SECRET)
        assert hunt.found_in(written) == []
        if environment == "production":
            assert [line for line in written.splitlines() if not line.startswith('{"time":')] == []


def test_neither_does_it_over_postgresql(committed_url: str, tmp_path: Path) -> None:
    settings = replace(PRODUCTION, log_level="debug", database_url=Secret(committed_url), data_dir=tmp_path)
    with configured(settings) as log:
        app = create_app(settings, partial(open_services, settings))
        with TestClient(app) as client:
            hunt = SecretHunt(client)
            hunt.use_everything()

        assert len(log.text().splitlines()) > 60
        assert hunt.found_in(log.text()) == []


async def test_a_row_that_postgresql_refuses_is_not_shown(
    committed_database: PostgresDatabase, clock: StandingClock
) -> None:
    await assert_that_a_refused_row_is_not_shown(committed_database, clock)


async def test_a_row_that_sqlite_refuses_is_not_shown(sqlite_database: SqliteDatabase, clock: StandingClock) -> None:
    await assert_that_a_refused_row_is_not_shown(sqlite_database, clock)


async def assert_that_a_refused_row_is_not_shown(database: Database, clock: StandingClock) -> None:
    broken: Any = RefusedByTheDatabase(database, await quick_hash(PASSWORD))
    services = replace(services_on(SqlAlchemyStore(database), now=clock), posts=broken)
    with configured(replace(PRODUCTION, log_level="debug")) as log:
        async with client_of(new_app_on(services, PRODUCTION)) as client:
            assert (await client.get("/posts")).status_code == 500

    assert "time_zone" in log.text()  # the column that was null
    assert "$argon2" not in log.text()
