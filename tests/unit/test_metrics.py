"""What Prometheus is told."""

import asyncio
import time
from typing import Any, cast

import pytest
from litestar import Litestar
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from domain.concurrency.caller import Caller
from domain.concurrency.pool import PoolUsage
from domain.errors import Unavailable
from entrypoints.connections.guard import ConnectionGuard
from entrypoints.http.metrics import HttpMetrics
from entrypoints.http.middleware.observation import UNMATCHED, Observation, ObservedRequest
from entrypoints.http.unread_answers import Answer
from entrypoints.observability import metrics as metrics_module
from entrypoints.observability.metrics import Metrics
from entrypoints.services import Services, no_pool
from entrypoints.version import VERSION
from tests.harness import app_on, client_of


@pytest.fixture
def metrics() -> Metrics:
    """The metrics of a process that has no others beside it."""
    return Metrics(host="127.0.0.1", port=0)


def value_of(metrics: Metrics, name: str, **labels: str) -> float | None:
    """Return the value of a sample, if there is one."""
    for family in text_string_to_metric_families(metrics.exposition().decode()):
        for sample in family.samples:
            if (sample.name, sample.labels) == (name, labels):
                return sample.value
    return None


@pytest.fixture
def http_metrics(metrics: Metrics) -> HttpMetrics:
    """What that process tells of HTTP."""
    return HttpMetrics(metrics)


def a_request(*, status: int = 200, route: str = "/todos", **changes: Any) -> ObservedRequest:
    given: dict[str, Any] = {"id": "x", "method": "GET", "path": "/todos", "duration": 0.004}
    return ObservedRequest(name=route, status=status, outcome=str(status), **(given | changes))


def test_requests_are_counted_by_method_route_and_status(metrics: Metrics, http_metrics: HttpMetrics) -> None:
    for status in (200, 200, 404):
        http_metrics(a_request(status=status))

    assert value_of(metrics, "http_requests_total", method="GET", route="/todos", status="200") == 2
    assert value_of(metrics, "http_requests_total", method="GET", route="/todos", status="404") == 1


def test_durations_fall_into_buckets(metrics: Metrics, http_metrics: HttpMetrics) -> None:
    for duration in (0.0009, 0.004, 60):
        http_metrics(a_request(duration=duration))

    labels = {"method": "GET", "route": "/todos", "status": "2xx"}
    name = "http_request_duration_seconds"
    found = [value_of(metrics, f"{name}_bucket", **labels, le=le) for le in ("0.001", "0.005", "30.0", "+Inf")]
    assert found == [1, 2, 2, 3]
    assert value_of(metrics, f"{name}_sum", **labels) == pytest.approx(60.0049)


def test_methods_that_clients_make_up_are_one(metrics: Metrics, http_metrics: HttpMetrics) -> None:
    for method in ("BREW", "get", "X" * 50):
        http_metrics(a_request(method=method))

    assert value_of(metrics, "http_requests_total", method="other", route="/todos", status="200") == 3


@pytest.mark.parametrize(
    ("status", "route", "counted"), [(401, "/auth/login", 1), (422, "/auth/login", 0), (401, "/me", 0)]
)
def test_only_wrong_credentials_are_a_failed_login(
    metrics: Metrics, http_metrics: HttpMetrics, status: int, route: str, counted: int
) -> None:
    http_metrics(a_request(method="POST", status=status, route=route))

    assert value_of(metrics, "logins_failed_total") == counted


def test_refusals_are_counted_by_the_quota_that_was_used_up(metrics: Metrics, http_metrics: HttpMetrics) -> None:
    http_metrics(a_request(status=429, rate_limited_by="login"))

    assert value_of(metrics, "rate_limited_total", quota="login") == 1


def test_the_version_is_told(metrics: Metrics) -> None:
    assert value_of(metrics, "build_info", version=VERSION) == 1


async def test_the_pool_and_the_process_are_looked_at(metrics: Metrics) -> None:
    async with metrics.sampled(lambda: PoolUsage(limit=10, size=7, idle=3, waiting=2)):
        await asyncio.sleep(0)

    found = [value_of(metrics, f"database_pool_{name}") for name in ("limit", "size", "in_use", "idle", "waiting")]
    assert found == [10, 7, 4, 3, 2]
    assert (value_of(metrics, "process_cpu_seconds_total") or 0) > 0
    assert (value_of(metrics, "process_resident_memory_bytes") or 0) > 10**7


async def test_a_process_without_a_pool_is_looked_at_too(metrics: Metrics) -> None:
    async with metrics.sampled(no_pool):
        await asyncio.sleep(0)

    assert value_of(metrics, "database_pool_limit") == 0


async def test_an_event_loop_that_was_blocked_shows_it(metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_module, "_SAMPLE_INTERVAL", 0.01)
    async with metrics.sampled(no_pool):
        await asyncio.sleep(0.01)
        time.sleep(0.5)  # noqa: ASYNC251 - that is what nobody may do
        await asyncio.sleep(0.1)

    assert (value_of(metrics, "event_loop_lag_seconds") or 0) > 0.3


async def test_it_is_told_how_many_requests_have_their_turn_and_how_many_wait(
    metrics: Metrics, http_metrics: HttpMetrics, services: Services
) -> None:
    services.bodies.take(7, [("a", 10)])
    async with services.requests.slot(Caller("a", "192.0.2.1")):
        http_metrics.sample(services)

    found = [value_of(metrics, name) for name in ("requests_at_work", "requests_waiting", "request_body_bytes")]
    assert found == [1, 0, 7]


async def test_it_is_told_how_many_connections_there_are_and_what_they_do_not_read(
    metrics: Metrics, http_metrics: HttpMetrics, services: Services
) -> None:
    connections = ConnectionGuard(per_network=1, limit=2, user_timeout=1, metrics_port=None)
    connections.open = 3
    connections.closed["unread"] = 2
    services.unread_answers.add(Answer(owner=1, network="203.0.113.1", size=5, cut_off=lambda: None, taken_at=0))
    http_metrics.sample(replace(services, connections=connections))

    assert value_of(metrics, "client_connections") == 3
    assert value_of(metrics, "client_connections_closed_total", reason="unread") == 2
    assert value_of(metrics, "unread_answer_bytes") == 5


async def test_requests_are_in_flight_until_they_are_answered(metrics: Metrics, http_metrics: HttpMetrics) -> None:
    async def app(*_: Any) -> Any:
        assert value_of(metrics, "http_requests_in_flight") == 1
        raise Unavailable("x")

    scope: Any = {"type": "http", "method": "GET", "path": "/", "headers": [], "client": None}
    with pytest.raises(Unavailable):
        await Observation(app, [http_metrics], in_flight=http_metrics.in_flight)(scope, app, app)

    assert value_of(metrics, "http_requests_in_flight") == 0
    assert value_of(metrics, "http_requests_total", method="GET", route=UNMATCHED, status="500") == 1


async def test_no_client_can_make_another_label(
    metrics: Metrics, http_metrics: HttpMetrics, services: Services
) -> None:
    app: Litestar = app_on(services)
    app.asgi_handler = cast("Any", Observation(cast("Any", app.asgi_handler), [http_metrics]))

    async with client_of(app) as client:
        for number in range(5):
            await client.get(f"/nothing/{number}")
            await client.get(f"/post/{number}")
            await client.request(f"BREW{number}", "/posts")

    samples = [
        (sample.labels["method"], sample.labels["route"], sample.value)
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for sample in family.samples
        if sample.name == "http_requests_total"
    ]
    assert sorted(samples) == [("GET", "/post/{post_id}", 5), ("GET", UNMATCHED, 5), ("other", UNMATCHED, 5)]
