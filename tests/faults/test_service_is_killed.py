"""The service itself dies while it writes: what it acknowledged is there, whoever answers next."""

import os
import signal
import time
from contextlib import ExitStack
from pathlib import Path

import psutil

from tests.faults.load import BROKEN_CONNECTION, CLIENTS, TIMEOUT
from tests.faults.service import SOON, User, unlimited
from tests.integration.processes import Server, free_port


def test_nothing_acknowledged_is_lost_when_the_service_is_killed(database_url: str, tmp_path: Path) -> None:
    _kill_and_start(tmp_path, DATABASE_URL=database_url, WORKERS="2")


def test_nothing_acknowledged_is_lost_when_the_service_is_killed_with_its_embedded_database(tmp_path: Path) -> None:
    _kill_and_start(tmp_path)


def test_a_worker_that_is_killed_is_replaced_and_takes_only_its_own_requests_with_it(
    database_url: str, tmp_path: Path
) -> None:
    with unlimited(tmp_path, DATABASE_URL=database_url, WORKERS="2") as service:
        ada = User(service.url)
        with ada.load() as load:
            load.until_served(300)
            victim, other = _workers(service)
            victim.kill()
            load.until_served(300)
            replaced = _workers(service)
        contradictions = ada.contradictions_of(load)

    assert contradictions == []
    assert load.failures.keys() <= {BROKEN_CONNECTION}
    assert load.failures.total() <= CLIENTS
    assert other in replaced
    assert victim not in replaced


def _kill_and_start(home: Path, **settings: str) -> None:
    port = free_port()
    with ExitStack() as both:
        victim = both.enter_context(unlimited(home, port=port, **settings))
        ada = User(victim.url)
        with ada.load() as load:
            load.until_served(300)
            os.killpg(victim.process.pid, signal.SIGKILL)
            load.until_failed(50)
            both.enter_context(unlimited(home, port=port, **settings))
            seconds = load.until_served(300)
        contradictions = ada.contradictions_of(load)

    assert contradictions == []
    assert load.failures.keys() == {BROKEN_CONNECTION}
    assert seconds < SOON


def _workers(service: Server) -> list[psutil.Process]:
    """Return both workers, the processes that listen, waiting for one that is on its way."""
    deadline = time.monotonic() + TIMEOUT
    while True:
        family = psutil.Process(service.process.pid).children(recursive=True)
        workers = [process for process in family if process.net_connections("tcp")]
        if len(workers) == 2:
            return workers
        assert time.monotonic() < deadline, f"There are {len(workers)} workers."
        time.sleep(0.05)
