"""Fixtures of every test, and what no test may do."""

import sqlite3
from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import asyncpg
import httpx
import pytest
from litestar import Litestar
from msgspec.structs import replace
from pytest_socket import disable_socket, enable_socket

from bench.node import NodeError, find_node
from domain.accounts.model import Account, NewAccount
from domain.store import Store
from entrypoints.databases.registry import KINDS
from entrypoints.services import Services
from tests import postgresql, redis_server
from tests.builders import a_new_account
from tests.clock import StandingClock
from tests.harness import PASSWORD, AlwaysSomebody, app_on, client_of, give_apps_back, quick_hash, services_on
from tests.log_capture import unchanged_logging
from tests.needs import NGINX, is_met

pytest.register_assert_rewrite("tests.api", "tests.contract")  # before it is imported: its classes are tests, too

_UNIT = Path(__file__).parent / "unit"
_POSTGRESQL_FIXTURE = "postgresql_server"
_DATABASE_FIXTURES = {_POSTGRESQL_FIXTURE, "sqlite_file", "abuse"}
_KINDS = frozenset(KINDS)
"""Of databases: parameters of fixtures that open one of each kind, one after the other, and ask for it only then."""
_ADVICE = (
    "This test reaches for a database without asking for one. Ask for a fixture: `store` for a clean store of each "
    "kind, `database` for PostgreSQL that is rolled back after the test (`database_module` and `database_class` after "
    "the module or class), `committed_database` for one with real commits, `sqlite_file` for an SQLite file. "
    "tests/README.md says when to choose which."
)


def pytest_report_header(config: pytest.Config) -> str | list[str]:
    """Say which PostgreSQL and which Redis the run will meet, and whether there is an nginx, and a Node."""
    if not any("unit" not in Path(argument).parts for argument in config.args):
        return "PostgreSQL, Redis: not needed by unit tests"
    try:
        return [
            postgresql.describe(postgresql.choose_origin()),
            redis_server.describe(redis_server.choose_origin()),
            f"nginx: {'that of this machine' if is_met(NGINX) else 'missing, so tests behind it are skipped'}",
            f"Node: {_described_node()}",
        ]
    except postgresql.NoContainersError:
        pytest.exit("REQUIRE_CONTAINERS is set, and no container engine answers.", returncode=1)


def _described_node() -> str:
    try:
        return find_node().node
    except NodeError as error:
        return f"{error}, so no client in TypeScript is made"


@pytest.hookimpl(tryfirst=True)  # before others choose among them
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what meets PostgreSQL: whatever asks for the server, through however many fixtures, or is its variant.

    Nobody has to think of it, and no test can reach for a database without that fixture: see ``no_surprises``.
    Long ones come first, so that at the end no process works while the others have nothing left to do.
    """
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
    for item in items:
        if isinstance(item, pytest.Function):
            kinds = _kinds_of(item)
            if "postgresql" in kinds or (_POSTGRESQL_FIXTURE in item.fixturenames and not kinds):
                item.add_marker("postgresql")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make what was logged readable for the process that collects the reports: lone surrogates are in no encoding."""
    report = yield
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    return report


def _kinds_of(item: pytest.Function) -> set[str]:
    """Return of which kinds of databases this is the variant."""
    values = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return {kind for kind in _KINDS if kind in values}


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """Run every test and every fixture, of whatever scope, in one event loop."""
    return "asyncio", {}


@pytest.fixture(autouse=True)
def no_surprises(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Keep unit tests from sockets, every test from a database that it did not ask for, and the next from its logs."""
    is_unit = request.path.is_relative_to(_UNIT)
    if is_unit or (_DATABASE_FIXTURES.isdisjoint(request.fixturenames) and not _kinds_of(request.node)):
        for driver, name in ((asyncpg, "connect"), (asyncpg, "create_pool"), (sqlite3, "connect")):
            monkeypatch.setattr(driver, name, _refuse)
    if is_unit:
        disable_socket(allow_unix_socket=True)  # an event loop talks to itself through one
    with unchanged_logging():
        yield
    enable_socket()
    give_apps_back()


def _refuse(*_: object, **__: object) -> NoReturn:
    pytest.fail(_ADVICE)


@pytest.fixture
def clock() -> StandingClock:
    """A clock that stands still at noon."""
    return StandingClock()


@pytest.fixture
async def user(store: Store) -> Account:
    """An account whose password is ``PASSWORD``."""
    return await store.accounts.add(
        NewAccount(
            email="ada@example.com",
            password_hash=await quick_hash(PASSWORD),
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
    )


@pytest.fixture
async def stranger(store: Store) -> Account:
    """Another account, for what nobody else may see; nobody can sign in to it."""
    return await store.accounts.add(a_new_account("mallory@example.com"))


@pytest.fixture
def services(store: Store, clock: StandingClock) -> Services:
    """The services on the store."""
    return services_on(store, now=clock)


@pytest.fixture
def app(services: Services) -> Litestar:
    """The application on the store."""
    return app_on(services)


@pytest.fixture
async def client(app: Litestar) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the application, not signed in yet; a test that signs in sets its headers."""
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def anonymous_client(services: Services) -> AsyncGenerator[httpx.AsyncClient]:
    """A client that stays nobody, beside another one that is somebody."""
    async with client_of(app_on(services)) as client:
        yield client


@pytest.fixture
async def authed_client(services: Services, user: Account) -> AsyncGenerator[httpx.AsyncClient]:
    """A client that is ``user``, without signing in: authentication is overridden."""
    overridden = replace(services, authenticator=AlwaysSomebody(user))
    async with client_of(app_on(overridden), bearer="whatever") as client:
        yield client
