"""tools/skipped.py: a test that was skipped in every run is noticed."""

import sys
from pathlib import Path

import pytest

from tests.integration.deploy_files import ROOT, run

TRIED, SKIPPED, SILENT = "", '<skipped message="needs an engine"/>', '<skipped message=""/>'


@pytest.mark.parametrize(
    ("runs", "status", "says"),
    [
        ([TRIED], 0, "1 tests were tried, 0 of them"),
        ([SKIPPED, TRIED], 0, "1 tests were tried, 1 of them"),
        ([SKIPPED], 1, "a.b::test was skipped in every run: needs an engine"),
        ([SKIPPED, SKIPPED], 1, "a.b::test was skipped in every run: needs an engine"),
        ([SILENT, TRIED], 1, "a.b::test does not say in one line why"),
        ([], 1, "No report tells of a test"),
    ],
)
def test_what_was_never_tried_is_an_error(runs: list[str], status: int, says: str, tmp_path: Path) -> None:
    reports = [tmp_path / f"{number}.xml" for number in range(len(runs))]
    for report, inside in zip(reports, runs, strict=True):
        case = f'<testcase classname="a.b" name="test">{inside}</testcase>'
        report.write_text(f"<testsuites><testsuite>{case}</testsuite></testsuites>", encoding="utf-8")

    finished = run(sys.executable, str(ROOT / "tools/skipped.py"), *map(str, reports))

    assert (finished.returncode, says in finished.stdout) == (status, True), finished.stdout
