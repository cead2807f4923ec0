"""What is done is observed without HTTP, as a worker would have it."""

from collections.abc import Generator

import pytest
import sentry_sdk
from prometheus_client.parser import text_string_to_metric_families

from entrypoints.observability.error_tracking import ErrorTracking
from entrypoints.observability.metrics import Metrics, OperationMetrics
from entrypoints.observability.operations import Operation, tell
from tests.unit.test_error_tracking import DSN, Captured


def a_job(outcome: str = "done", error: Exception | None = None) -> Operation:
    return Operation(id="find-me", kind="job", name="remind", outcome=outcome, duration=0.3, error=error)


@pytest.fixture
def captured() -> Generator[Captured]:
    """What is sent to Sentry; afterwards nothing is tracked any more."""
    yield Captured()
    sentry_sdk.init(default_integrations=False, auto_enabling_integrations=False)  # those would patch the framework


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(host="127.0.0.1", port=0)


@pytest.fixture
def jobs(metrics: Metrics) -> OperationMetrics:
    return metrics.operations(
        "job", "Jobs that are over.", ("name", "outcome"), duration="How long they took.", under_way="Under way."
    )


def test_jobs_are_counted_by_name_and_outcome(metrics: Metrics, jobs: OperationMetrics) -> None:
    for outcome in ("done", "done", "failed"):
        tell([jobs], a_job(outcome))

    samples = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for sample in family.samples
    }
    assert samples["jobs_total", ("name", "remind"), ("outcome", "done")] == 2
    assert samples["jobs_total", ("name", "remind"), ("outcome", "failed")] == 1
    assert samples["job_duration_seconds_count", ("name", "remind"), ("outcome", "done")] == 2
    assert samples["jobs_in_flight",] == 0


def test_the_error_of_a_job_is_reported_with_what_the_job_was(captured: Captured) -> None:
    tracking = ErrorTracking(DSN, environment="production", transport=captured)

    tracking(a_job("failed", ValueError("hunter2")))
    tracking(a_job())

    (event,) = captured.events()
    assert event["exception"]["values"][0]["type"] == "ValueError"
    assert event["tags"].items() >= {"kind": "job", "name": "remind", "outcome": "failed", "id": "find-me"}.items()


def test_an_observer_that_fails_harms_neither_the_job_nor_the_others(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: Operation) -> None:
        raise OSError

    told: list[Operation] = []
    tell([fail, told.append], a_job())

    assert told == [a_job()]
    assert "could not be observed" in caplog.text
