"""The dashboard and the alerts ask for metrics that there are, in words that Prometheus understands."""

import json
import re
from collections.abc import Generator, Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any, cast

import pytest
from prometheus_client.parser import text_string_to_metric_families

from entrypoints.http.metrics import HttpMetrics
from entrypoints.http.middleware.observation import ObservedRequest
from entrypoints.observability.metrics import Metrics
from tests.integration.deploy_files import must, run
from tests.needs import ENGINE, PROMTOOL, is_met, require

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD = DEPLOY / "grafana" / "todo-api.json"
PROMETHEUS = DEPLOY / "prometheus"

OF_PROMETHEUS_ITSELF = {"up"}
SELECTORS = re.compile(r"""
    \{[^}]*\} |   \[[^\]]*\]                       # labels, spans of time
    | \b(?:by|without|on|ignoring)\s*\([^)]*\)      # labels, too
""", re.VERBOSE)  # fmt: skip
FUNCTION = re.compile(r"\b\w+\s*(?=\()")
NAME = re.compile(r"\b[a-z_:][a-z0-9_:]+\b")
OPERATORS = {"and", "or", "unless", "by", "without", "bool", "offset"}


def exported() -> dict[str, set[str]]:
    """Return the names of all samples that the service has, and their labels."""
    metrics = Metrics(host="127.0.0.1", port=0)
    HttpMetrics(metrics)(
        ObservedRequest(
            id="x", method="GET", name="/", path="/", status=200, outcome="200", duration=0.1,
            rate_limited_by="everything",
        )
    )  # fmt: skip
    families = text_string_to_metric_families(metrics.exposition().decode())
    # The process id is added where several workers meet.
    return {sample.name: {*sample.labels, "pid"} for family in families for sample in family.samples}


def strings_under(key: str, value: object) -> Iterator[str]:
    """Yield every text that stands under a name, however deep."""
    if isinstance(value, dict):
        for name, item in cast("dict[str, object]", value).items():
            if name == key and isinstance(item, str):
                yield item
            else:
                yield from strings_under(key, item)
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            yield from strings_under(key, item)


def dashboard() -> Any:
    return json.loads(DASHBOARD.read_text(encoding="utf-8"))


def expressions_of_the_dashboard() -> list[str]:
    queries = [query for query in strings_under("query", dashboard()) if query.startswith("label_values")]
    return [*strings_under("expr", dashboard()), *(query.partition("(")[2].rpartition(",")[0] for query in queries)]


def expressions_of_the_alerts() -> list[str]:
    text = (PROMETHEUS / "alerts.yml").read_text(encoding="utf-8")
    return re.findall(r"expr: ((?:.*\n)(?:          .*\n)*)", text)


def metrics_in(expression: str) -> set[str]:
    """Return the names of metrics in an expression of PromQL."""
    unquoted = re.sub(r'"[^"]*"', '""', expression)  # before braces: they may stand in strings
    left = FUNCTION.sub(" ", SELECTORS.sub(" ", unquoted))
    return set(NAME.findall(left)) - OPERATORS


@pytest.mark.parametrize("expressions", [expressions_of_the_dashboard, expressions_of_the_alerts])
def test_every_metric_that_is_asked_for_is_exported(expressions: Any) -> None:
    asked_for = set[str]().union(*map(metrics_in, expressions()))

    assert len(asked_for) >= 6
    assert asked_for - exported().keys() - OF_PROMETHEUS_ITSELF == set()


def test_every_metric_that_is_exported_is_shown() -> None:
    shown = set[str]().union(*map(metrics_in, expressions_of_the_dashboard()))

    unseen = {name for name in exported() if not name.endswith(("_created", "_sum", "_count"))} - shown
    assert unseen == set()


def test_names_of_metrics_are_found_in_expressions() -> None:
    expression = (
        'sum by (le, route) (rate(a_total{job="x", route!~"b"}[5m:1s])) / c_d > 0.5 and on (x) e_f or vector(0)'
    )

    assert metrics_in(expression) == {"a_total", "c_d", "e_f"}


def test_labels_that_are_shown_exist() -> None:
    known = set[str]().union(*exported().values()) | {"job", "instance"}
    legends = " ".join(strings_under("legendFormat", dashboard()))

    assert set(re.findall(r"\{\{(\w+)\}\}", legends)) - known == set()


def test_the_dashboard_works_with_any_data_source() -> None:
    panels = [panel for panel in dashboard()["panels"] if panel["type"] != "row"]

    assert {panel["datasource"]["uid"] for panel in panels} == {"${datasource}"}
    assert len({panel["id"] for panel in dashboard()["panels"]}) == len(dashboard()["panels"])


@pytest.fixture(scope="module")
def promtool() -> Generator[tuple[str, ...]]:
    """How promtool is run beside the files: that of this machine, or the one in the image of the files."""
    if is_met(PROMTOOL):
        yield ("promtool",)
        return
    require(ENGINE)
    image = f"todo-api-promtool-{token_hex(4)}"
    must(
        run("docker", "build", "--quiet", "--tag", image, "--file", str(PROMETHEUS / "Containerfile"), str(PROMETHEUS))
    )
    try:
        yield ("docker", "run", "--rm", "--workdir", "/etc/prometheus", image, "promtool")
    finally:
        run("docker", "image", "rm", image)


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "config", "--syntax-only", "prometheus.yml"],  # the token is a file that is not here
        ["check", "rules", "alerts.yml"],
        ["test", "rules", "alerts.test.yml"],
    ],
    ids=lambda arguments: arguments[-1],
)
def test_prometheus_understands_it(promtool: tuple[str, ...], arguments: list[str]) -> None:
    must(run(*promtool, *arguments, cwd=PROMETHEUS))


def test_every_alert_is_tested() -> None:
    alerts = re.findall(r"alert: (\w+)", (PROMETHEUS / "alerts.yml").read_text(encoding="utf-8"))
    tested = re.findall(
        r"alertname: (\w+)\n\s+eval_time: .*\n\s+exp_alerts", (PROMETHEUS / "alerts.test.yml").read_text("utf-8")
    )

    assert set(tested) == set(alerts)
