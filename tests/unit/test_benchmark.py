"""What the benchmark makes of its figures."""

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

import pytest

from bench.goals import goals
from bench.names import BARE, FASTIFY, OURS, TUTORIAL
from bench.picture import picture
from bench.report import Comparison, Figures, cpu_table, medians_table

SVG = "{http://www.w3.org/2000/svg}"


def figures(cpu: float) -> Figures:
    return Figures(
        requests_per_second=1e6 / cpu,
        p50_ms=1,
        p99_ms=2,
        cpu_us_per_request=cpu,
        rss_mib=50,
        worker_percent=99,
        load_percent=20,
        others_percent=60,
    )


def compared(operation: str = "get one", **cpu: Sequence[float]) -> Comparison:
    named: Mapping[str, Sequence[float]] = {name.replace("_", "-"): repeats for name, repeats in cpu.items()}
    return Comparison.of(operation, {name: [figures(each) for each in repeats] for name, repeats in named.items()})


def test_ratios_are_of_measurements_side_by_side() -> None:
    # The machine becomes slower with each repeat, and the service stays twice as dear as the handler.
    comparison = compared(todo_api=[200, 400, 4000], tutorial=[800, 1600, 16_000], bare=[100, 200, 2000])

    assert comparison.to_bare == {OURS: 2, TUTORIAL: 8}
    assert comparison.to_ours == {TUTORIAL: 4, BARE: 0.5}


def test_one_repeat_that_was_disturbed_changes_no_ratio() -> None:
    assert compared(todo_api=[200, 200, 900], bare=[100, 100, 100]).to_bare == {OURS: 2}


def test_repeats_that_do_not_belong_together_are_not_compared() -> None:
    with pytest.raises(ValueError, match="zip"):
        compared(todo_api=[200, 200], bare=[100])


def test_without_a_handler_nothing_is_compared_with_it() -> None:
    comparison = compared(todo_api=[100], tutorial=[400])

    assert comparison.to_bare == {}
    assert comparison.to_ours == {TUTORIAL: 4}


@pytest.mark.parametrize(("cpu", "met"), [(200, [True, True]), (201, [False, False]), (100, [True, True])])
def test_a_goal_is_met_up_to_its_bound(cpu: float, met: list[bool]) -> None:
    comparison = compared(todo_api=[cpu], tutorial=[1600], bare=[100])

    assert [goal.is_met for goal in goals([comparison], tutorial_at_least=[8], bare_at_most=[2])] == met


def test_goals_are_of_those_who_were_measured() -> None:
    without_handler, without_tutorial = compared(todo_api=[100], tutorial=[400]), compared(todo_api=[2], bare=[1])

    assert [goal.other for goal in goals([without_handler], tutorial_at_least=[4], bare_at_most=[2])] == [OURS]
    assert [goal.other for goal in goals([without_tutorial], bare_at_most=[2])] == [BARE]


def test_a_goal_says_what_was_found() -> None:
    (goal,) = goals([compared(todo_api=[250], bare=[100])], bare_at_most=[2])

    assert str(goal) == "get one: CPU of this service to that of bare handler is 2.50, at most 2 is NOT met."


def test_the_table_is_markdown() -> None:
    both = [compared(name, todo_api=[200], tutorial=[1600], bare=[100]) for name in ("get one", "create")]

    assert cpu_table(both).splitlines() == [
        "| CPU µs a request | get one | create |",
        "|---|--:|--:|",
        "| this service | 200 | 200 |",
        "| FastAPI tutorial stack | 1,600 | 1,600 |",
        "| bare handler | 100 | 100 |",
        "| FastAPI tutorial stack, to this service | 8.0 × | 8.0 × |",  # noqa: RUF001 - times
        "| this service, to the bare handler | 2.0 × | 2.0 × |",  # noqa: RUF001 - times
    ]
    assert len(medians_table(both).splitlines()) == 1 + 2 * 3


def test_the_picture_has_a_bar_for_each_contender_as_long_as_its_ratio() -> None:
    drawn = picture([compared(todo_api=[200], tutorial=[1600], fastify=[100], bare=[100])])
    bars = {
        bar.get("class"): float(bar.get("width", ""))
        for bar in ET.fromstring(drawn).iter(f"{SVG}rect")  # noqa: S314 - our own
        if bar.get("class") != "paper"
    }

    assert bars[TUTORIAL] == pytest.approx(16 * bars[BARE])
    assert bars[OURS] == pytest.approx(2 * bars[BARE])
    assert bars[FASTIFY] == bars[BARE]


def test_the_picture_says_its_figures_to_those_who_do_not_see_it() -> None:
    root = ET.fromstring(picture([compared(todo_api=[200], bare=[100])]))  # noqa: S314 - our own

    assert root.get("aria-label") == "get one: this service 2.0, bare handler 1.0"
