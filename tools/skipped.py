#!/usr/bin/env python3
# ruff: noqa: T201 - a command prints
"""Fails if a test was skipped in every run that is reported: then it was never tried.

    python tools/skipped.py REPORT.xml ...

The reports are JUnit documents (pytest --junitxml). It also wants each skipped test to say why, in one line.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree as ET


def main() -> int:
    """Print what is wrong with the reports, and return with which status to exit."""
    reasons, tried = read(map(Path, sys.argv[1:]))
    never = [f"{test} was skipped in every run: {reasons[test]}" for test in sorted(reasons.keys() - tried)]
    unclear = [
        f"{test} does not say in one line why it was skipped."
        for test, reason in sorted(reasons.items())
        if not reason.strip() or "\n" in reason.strip()
    ]
    print(*never, *unclear, sep="\n", end="\n" if never or unclear else "")
    if not tried:
        print("No report tells of a test that was tried.")
    print(f"{len(tried)} tests were tried, {len(reasons.keys() & tried)} of them skipped in another run.")
    return 1 if never or unclear or not tried else 0


def read(reports: Iterable[Path]) -> tuple[dict[str, str], set[str]]:
    """Return why tests were skipped, and which ones were tried."""
    reasons: dict[str, str] = {}
    tried: set[str] = set()
    for report in reports:
        for case in ET.parse(report).iter("testcase"):  # noqa: S314 - written by our own tests
            test = f"{case.get('classname')}::{case.get('name')}"
            skipped = case.find("skipped")
            if skipped is None:
                tried.add(test)
            else:
                reasons[test] = skipped.get("message", "")
    return reasons, tried


if __name__ == "__main__":
    sys.exit(main())
