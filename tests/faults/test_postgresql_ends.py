"""PostgreSQL dies, or is restarted, while the service writes: the service stays, says 503, and goes on by itself."""

import time
from collections.abc import Callable

from tests.faults.postgresql_server import PostgresServer
from tests.faults.service import SOON, User
from tests.integration.processes import Server


def test_nothing_acknowledged_is_lost_when_postgresql_is_killed(
    postgresql_server: PostgresServer, service: Server
) -> None:
    _end_and_start(postgresql_server.kill, postgresql_server.start, User(service.url))


def test_nothing_acknowledged_is_lost_when_postgresql_is_restarted(
    postgresql_server: PostgresServer, service: Server
) -> None:
    _end_and_start(postgresql_server.stop, postgresql_server.start, User(service.url))


def _end_and_start(end: Callable[[], None], start: Callable[[], None], ada: User) -> None:
    with ada.load() as load:
        load.until_served(300)
        end()
        load.until_failed(50)
        alive, ready = ada.get("/health"), ada.get("/health/ready")
        start()
        seconds = load.until_served(300)
        time.sleep(1.1)  # what is said about readiness is good for a second
        ready_again = ada.get("/health/ready")

    assert ada.contradictions_of(load) == []
    assert load.failures.keys() == {"503"}
    assert (alive.status_code, ready.status_code, ready_again.status_code) == (200, 503, 200)
    assert seconds < SOON
