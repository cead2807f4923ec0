"""The connections to PostgreSQL break, while it and the service are well."""

import asyncio
import time
from collections.abc import Generator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url

from tests.faults.proxy import Proxy, proxy_to
from tests.faults.service import MAX_RESPONSE_TIME, SOON, User, impatient
from tests.integration.processes import Server
from tests.postgresql import url_like

ROUNDS = 30
"""How often in a row all connections are broken."""

_TERMINATE_ALL = """
    SELECT count(pg_terminate_backend(pid))
    FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture
def proxy(database_url: str) -> Generator[Proxy]:
    """A proxy before PostgreSQL."""
    database = make_url(database_url)
    assert database.host
    assert database.port
    with proxy_to(database.host, database.port) as proxy:
        yield proxy


@pytest.fixture
def service_behind_proxy(database_url: str, proxy: Proxy, tmp_path: Path) -> Generator[Server]:
    """The service, whose database is behind the proxy."""
    behind_proxy = url_like(database_url, host="127.0.0.1", port=proxy.port)
    with impatient(tmp_path, DATABASE_URL=behind_proxy) as server:
        yield server


def test_connections_that_an_administrator_terminates_are_replaced(service: Server, database_url: str) -> None:
    ada = User(service.url)
    with ada.load() as load:
        load.until_served(100)
        terminated = asyncio.run(_terminate_all_again_and_again(database_url))
        seconds = load.until_served(300)

    assert terminated > ROUNDS
    assert ada.contradictions_of(load) == []
    assert load.failures.keys() <= {"503"}
    assert seconds < SOON


def test_connections_that_are_reset_are_replaced(service_behind_proxy: Server, proxy: Proxy) -> None:
    ada = User(service_behind_proxy.url)
    with ada.load() as load:
        load.until_served(100)
        reset = 0
        for _ in range(ROUNDS):
            reset += proxy.reset_all()
            time.sleep(0.05)
        seconds = load.until_served(300)

    assert reset > ROUNDS
    assert ada.contradictions_of(load) == []
    assert load.failures.keys() <= {"503"}
    assert seconds < SOON


def test_a_network_that_swallows_everything_holds_nobody_for_long(service_behind_proxy: Server, proxy: Proxy) -> None:
    ada = User(service_behind_proxy.url)
    with ada.load() as load:
        load.until_served(100)
        proxy.swallow()
        load.until_failed(30)
        alive, ready = ada.get("/health"), ada.get("/health/ready")
        proxy.let_pass()
        seconds = load.until_served(300)

    assert ada.contradictions_of(load) == []
    assert load.failures.keys() == {"503"}
    assert load.slowest < MAX_RESPONSE_TIME
    assert (alive.status_code, ready.status_code) == (200, 503)
    assert seconds < SOON


def test_connections_that_lead_nowhere_any_more_are_replaced(service_behind_proxy: Server, proxy: Proxy) -> None:
    ada = User(service_behind_proxy.url)
    with ada.load() as load:
        load.until_served(100)
        proxy.forget_all()
        seconds = load.until_served(300)

    assert ada.contradictions_of(load) == []
    assert load.failures.keys() == {"503"}
    assert load.slowest < MAX_RESPONSE_TIME
    assert seconds < SOON


async def _terminate_all_again_and_again(url: str) -> int:
    """Return how many connections there were."""
    connection = await asyncpg.connect(url)
    terminated = 0
    for _ in range(ROUNDS):
        terminated += await connection.fetchval(_TERMINATE_ALL)
        await asyncio.sleep(0.05)
    await connection.close()
    return terminated
