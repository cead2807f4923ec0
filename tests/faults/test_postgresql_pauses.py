"""PostgreSQL stands still, its connections open: the worst kind of being away, for nothing says so."""

import time

from tests.faults.postgresql_server import PostgresServer
from tests.faults.service import MAX_RESPONSE_TIME, SOON, User
from tests.integration.processes import Server


def test_a_database_that_stands_still_holds_nobody_for_long(
    postgresql_server: PostgresServer, impatient_service: Server
) -> None:
    ada = User(impatient_service.url)
    with ada.load() as load:
        load.until_served(300)
        postgresql_server.pause()
        load.until_failed(30)
        alive, ready = ada.get("/health"), ada.get("/health/ready")
        postgresql_server.resume()
        seconds = load.until_served(300)
        time.sleep(1.1)  # what is said about readiness is good for a second
        ready_again = ada.get("/health/ready")

    assert ada.contradictions_of(load) == []
    assert load.failures.keys() == {"503"}
    assert load.slowest < MAX_RESPONSE_TIME
    assert (alive.status_code, ready.status_code, ready_again.status_code) == (200, 503, 200)
    assert seconds < SOON


def test_a_short_pause_fails_nothing(postgresql_server: PostgresServer, service: Server) -> None:
    ada = User(service.url)
    with ada.load() as load:
        load.until_served(300)
        postgresql_server.pause()
        time.sleep(0.5)
        postgresql_server.resume()
        load.until_served(300)

    assert ada.contradictions_of(load) == []
    assert not load.failures
