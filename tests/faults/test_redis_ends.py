"""Redis dies, stands still or is restarted: nobody notices, except those who ask whether the service is well."""

import time
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path

import pytest

from tests.faults.load import TIMEOUT
from tests.faults.service import SOON, User
from tests.integration.processes import Server, serving
from tests.redis_server import RedisProcess, own_process

FEW = 2
"""Clients that together stay below the limits, which are on in these tests."""


@pytest.fixture
def redis() -> Generator[RedisProcess]:
    """A Redis that may be killed."""
    with own_process() as server:
        yield server


@pytest.fixture
def limited_service(database_url: str, redis: RedisProcess, tmp_path: Path) -> Generator[Server]:
    """Two workers that share their rate limits through Redis."""
    with serving(tmp_path, DATABASE_URL=database_url, REDIS_URL=redis.url, RATE_LIMIT="on", WORKERS="2") as server:
        yield server


def test_a_killed_redis_fails_no_request(limited_service: Server, redis: RedisProcess) -> None:
    _end_and_start(redis.kill, redis.start, User(limited_service.url))


def test_a_redis_that_stands_still_fails_no_request(limited_service: Server, redis: RedisProcess) -> None:
    _end_and_start(redis.pause, redis.resume, User(limited_service.url))


def test_a_redis_that_is_restarted_at_once_fails_no_request(limited_service: Server, redis: RedisProcess) -> None:
    ada = User(limited_service.url)
    with ada.load(clients=FEW) as load:
        load.until_served(50)
        redis.kill()
        redis.start()
        load.until_served(100)
        seconds = _until(lambda: not _notices(ada))

    assert not load.failures
    assert ada.contradictions_of(load) == []
    assert seconds < SOON


def test_the_service_starts_without_its_redis(database_url: str, redis: RedisProcess, tmp_path: Path) -> None:
    redis.kill()
    with serving(tmp_path, DATABASE_URL=database_url, REDIS_URL=redis.url, RATE_LIMIT="on") as service:
        ada = User(service.url)
        assert ada.get("/todos").status_code == 200
        _until(partial(_notices, ada))


def _end_and_start(end: Callable[[], None], start: Callable[[], None], ada: User) -> None:
    with ada.load(clients=FEW) as load:
        load.until_served(50)
        end()
        load.until_served(100)
        _until(partial(_notices, ada))
        start()
        seconds = _until(lambda: not _notices(ada))
        load.until_served(50)

    assert not load.failures
    assert ada.contradictions_of(load) == []
    assert load.slowest < SOON
    assert seconds < SOON


def _notices(ada: User) -> list[str]:
    """Return what works less well than it should; the service must be ready in spite of it."""
    ready = ada.get("/health/ready")
    assert ready.status_code == 200
    return ready.json()["notices"]


def _until(is_so: Callable[[], object]) -> float:
    """Wait until both workers, one of which is asked at a time, have said so in a row; return the seconds it took."""
    started, in_a_row = time.monotonic(), 0
    while in_a_row < 10:
        in_a_row = in_a_row + 1 if is_so() else 0
        assert time.monotonic() - started < TIMEOUT
        time.sleep(0.05)
    return time.monotonic() - started
