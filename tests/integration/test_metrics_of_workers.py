"""Metrics of a server with several workers: whichever is asked answers for all."""

import os
import signal
import socket
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from entrypoints.observability.metrics_server import serving_metrics
from tests.integration.processes import TIMEOUT, Server, eventually, free_port, serving, todo_api

pytestmark = pytest.mark.long

REQUESTS = 200
TOKEN = "a token for Prometheus"


class Scraped:
    """What Prometheus would find at a port."""

    def __init__(self, port: int) -> None:
        response = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=TIMEOUT)
        assert response.status_code == 200
        families = text_string_to_metric_families(response.text)
        self.samples = [sample for family in families for sample in family.samples]

    def total(self, name: str, **labels: str) -> float:
        """Return the sum of the samples of that name with these labels."""
        return sum(
            sample.value for sample in self.samples if sample.name == name and labels.items() <= sample.labels.items()
        )

    def workers(self) -> set[int]:
        """Return the ids of the processes that are alive."""
        return {int(sample.labels["pid"]) for sample in self.samples if "pid" in sample.labels}


@pytest.fixture
def metrics_port() -> int:
    return free_port()


@pytest.fixture
def server(tmp_path: Path, metrics_port: int) -> Generator[Server]:
    with serving(tmp_path, "--workers", "2", METRICS_PORT=str(metrics_port), TMPDIR=str(tmp_path)) as server:
        yield server


def ask_over_many_connections(server: Server) -> None:
    """Send requests, each over a connection of its own, so that all workers get some."""

    def ask(_: int) -> None:
        assert httpx.get(f"{server.url}/posts", timeout=TIMEOUT).status_code == 200

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(ask, range(REQUESTS)))


def posts_asked_for(port: int) -> float:
    return Scraped(port).total("http_requests_total", method="GET", route="/posts", status="200")


def test_every_request_of_every_worker_is_counted_once(server: Server, metrics_port: int) -> None:
    assert eventually(lambda: len(Scraped(metrics_port).workers()) == 2)

    ask_over_many_connections(server)

    scrapes = [Scraped(metrics_port) for _ in range(10)]
    assert {scrape.total("http_requests_total", route="/posts") for scrape in scrapes} == {REQUESTS}
    assert {scrape.total("http_request_duration_seconds_count", route="/posts") for scrape in scrapes} == {REQUESTS}
    assert {scrape.total("http_requests_in_flight") for scrape in scrapes} == {0}


def test_every_worker_tells_how_late_its_event_loop_is(server: Server, metrics_port: int) -> None:
    assert eventually(lambda: len(Scraped(metrics_port).workers()) == 2)
    assert httpx.get(f"{server.url}/health", timeout=TIMEOUT).is_success

    samples = [sample for sample in Scraped(metrics_port).samples if sample.name == "event_loop_lag_seconds"]
    assert len({sample.labels["pid"] for sample in samples}) == 2
    assert all(0 <= sample.value < TIMEOUT for sample in samples)


def test_what_a_killed_worker_counted_stays_and_what_it_was_doing_does_not(server: Server, metrics_port: int) -> None:
    assert eventually(lambda: len(Scraped(metrics_port).workers()) == 2)
    ask_over_many_connections(server)
    stuck = [_begin_a_request(server) for _ in range(10)]
    assert eventually(lambda: Scraped(metrics_port).total("http_requests_in_flight") == len(stuck))

    victim = min(Scraped(metrics_port).workers())
    os.kill(victim, signal.SIGKILL)

    assert eventually(lambda: _is_replaced(metrics_port, victim))
    assert posts_asked_for(metrics_port) == REQUESTS
    for connection in stuck:
        connection.close()
    assert eventually(lambda: Scraped(metrics_port).total("http_requests_in_flight") == 0)
    # Told to stop, the server would wait for the one it lost as long as for any other: half a minute.
    os.killpg(server.process.pid, signal.SIGKILL)


def _begin_a_request(server: Server) -> socket.socket:
    """Send a request whose body does not come."""
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall(
        b"POST /auth/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
    )
    return connection


def _is_replaced(port: int, victim: int) -> bool:
    try:
        workers = Scraped(port).workers()
    except httpx.TransportError:
        return False
    return len(workers) == 2 and victim not in workers


def test_there_are_no_metrics_on_the_public_port(server: Server) -> None:
    assert httpx.get(f"{server.url}/metrics", timeout=TIMEOUT).status_code == 404


@pytest.mark.usefixtures("server")
def test_nothing_else_is_on_the_port_of_the_metrics(metrics_port: int) -> None:
    url = f"http://127.0.0.1:{metrics_port}"

    assert httpx.get(f"{url}/todos").status_code == 404
    assert httpx.get(f"{url}/metrics?x=1").status_code == 200
    assert httpx.post(f"{url}/metrics").status_code == 501


def test_the_next_server_starts_from_nothing_and_leaves_no_litter(tmp_path: Path, metrics_port: int) -> None:
    for _ in range(2):
        with serving(tmp_path, METRICS_PORT=str(metrics_port), TMPDIR=str(tmp_path)) as server:
            httpx.get(f"{server.url}/posts", timeout=TIMEOUT)
            assert posts_asked_for(metrics_port) == 1

    assert len(list(tmp_path.glob("todo-api-metrics-*"))) == 1


def test_a_port_for_metrics_that_is_taken_is_not_shared(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        refused = todo_api("serve", "--port", str(free_port()), home=tmp_path, METRICS_PORT=port, TMPDIR=str(tmp_path))

    assert refused.returncode == 1
    assert f"Cannot listen on 127.0.0.1, port {port}" in refused.stderr


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer \xe9"])
def test_whoever_does_not_know_the_token_learns_nothing(header: str | None) -> None:
    headers = httpx.Headers({} if header is None else {b"Authorization": header.encode("latin-1")})
    with serving_metrics(lambda: b"x 1\n", host="127.0.0.1", port=0, token=TOKEN) as port:
        response = httpx.get(f"http://127.0.0.1:{port}/metrics", headers=headers)

    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
    assert "x 1" not in response.text


def test_whoever_knows_the_token_is_answered() -> None:
    with serving_metrics(lambda: b"x 1\n", host="127.0.0.1", port=0, token=TOKEN) as port:
        response = httpx.get(f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    assert (response.status_code, response.text) == (200, "x 1\n")


def test_a_scraper_that_says_nothing_keeps_nobody_waiting() -> None:
    with (
        serving_metrics(lambda: b"x 1\n", host="127.0.0.1", port=0) as port,
        socket.create_connection(("127.0.0.1", port)),
    ):
        assert httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=2).status_code == 200
