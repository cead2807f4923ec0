"""Limits of the service as it is run: on unless they are switched off, shared where there is a Redis."""

from pathlib import Path

import httpx

from domain.rate_limits.quotas import ANONYMOUS, SIGN_IN
from tests import redis_server
from tests.harness import PASSWORD
from tests.integration.processes import TIMEOUT, Server, serving

DEGRADED = "Rate limits are counted by each process for itself, because Redis does not answer"


def read_posts(server: Server) -> int:
    return httpx.get(f"{server.url}/posts", timeout=TIMEOUT).status_code


def sign_in(server: Server, password: str) -> httpx.Response:
    form = {"username": "ada@example.com", "password": password}
    return httpx.post(f"{server.url}/auth/login", data=form, timeout=TIMEOUT)


def test_limits_are_on_by_default(tmp_path: Path) -> None:
    with serving(tmp_path, RATE_LIMIT="") as server, httpx.Client(base_url=server.url, timeout=TIMEOUT) as client:
        statuses = [client.get("/posts").status_code for _ in range(ANONYMOUS.amount + 1)]
        health = client.get("/health")

    assert statuses == [200] * ANONYMOUS.amount + [429]
    assert health.status_code == 200


def test_replicas_with_a_redis_count_together(tmp_path: Path) -> None:
    with (
        redis_server.own_process() as redis,
        serving(tmp_path, RATE_LIMIT="on", REDIS_URL=redis.url) as one,
        serving(tmp_path, RATE_LIMIT="on", REDIS_URL=redis.socket_url) as two,
    ):
        account = {"email": "ada@example.com", "password": PASSWORD}
        httpx.post(f"{one.url}/auth/register", json=account, timeout=TIMEOUT).raise_for_status()
        guesses = [sign_in((one, two)[number % 2], "wrong").status_code for number in range(SIGN_IN.amount)]
        right = sign_in(two, PASSWORD)
        ready = httpx.get(f"{two.url}/health/ready", timeout=TIMEOUT)

    assert set(guesses) == {401}
    assert right.status_code == 429
    assert ready.json() == {"status": "ready", "problems": [], "notices": []}


def test_the_service_starts_and_goes_on_without_the_redis_it_was_told_of(tmp_path: Path) -> None:
    with serving(tmp_path, RATE_LIMIT="on", REDIS_URL="redis://127.0.0.1:1") as server:
        ready = httpx.get(f"{server.url}/health/ready", timeout=TIMEOUT)
        statuses = {read_posts(server) for _ in range(20)}

    assert (ready.status_code, ready.json()["notices"]) == (200, [f"{DEGRADED}."])
    assert statuses == {200}
    assert server.log.read_text(encoding="utf-8").count(DEGRADED) == 1
