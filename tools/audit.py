#!/usr/bin/env python3
# ruff: noqa: T201 - a command prints
"""Look for known vulnerabilities in locked packages: ``python3 tools/audit.py requirements/runtime.txt REPORT``.

pip-audit asks a vulnerability service about each package. What it could not find out is written down as skipped: a
report in which nothing was audited does not say that all is well. The exit status is 1 if there is a vulnerability.
"""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

Package = dict[str, Any]
"""As pip-audit tells of one: its name, and its version and vulnerabilities, or why it was skipped."""


class NoAuditError(Exception):
    """The vulnerability service could not be asked at all; the message says why."""


def main() -> int:
    """Write the report, and return the exit status."""
    requirements, report = map(Path, sys.argv[1:])
    try:
        packages = _audited(requirements)
    except NoAuditError as error:
        print(f"pip-audit: {error}", file=sys.stderr)
        packages = _skipped(requirements)
    written = _report(packages, requirements)
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")

    for vulnerability in written["vulnerabilities"]:
        print(vulnerability)
    print(
        f"{written['audited']} packages were audited, {written['skipped']} were not; "
        f"{len(written['vulnerabilities'])} vulnerabilities are known."
    )
    if not written["audited"]:
        print("Nothing was audited: no vulnerability service knew them, or none was reached.", file=sys.stderr)
    return 1 if written["vulnerabilities"] else 0


def _audited(requirements: Path) -> list[Package]:
    """Return what pip-audit says of each package."""
    finished = subprocess.run(  # noqa: S603 - our own environment's tool
        [
            *(sys.executable, "-m", "pip_audit", "--requirement", str(requirements), "--require-hashes"),
            *("--disable-pip", "--format", "json", "--progress-spinner", "off"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    # It exits with 1 both if it finds something and if it fails; only in the first case it says what.
    try:
        return cast("list[Package]", json.loads(finished.stdout)["dependencies"])
    except (ValueError, KeyError):
        said = finished.stderr.strip().splitlines() or ["it said nothing"]
        raise NoAuditError(said[-1]) from None


def _skipped(requirements: Path) -> list[Package]:
    """Return all packages as ones of which nothing is known."""
    names = re.findall(r"^([\w.-]+)==", requirements.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [{"name": name, "skip_reason": "not asked"} for name in names]


def _report(packages: list[Package], requirements: Path) -> dict[str, Any]:
    """Return the report; by the hash one can see whether it tells of the packages that are installed."""
    audited = [package for package in packages if "skip_reason" not in package]
    return {
        "audited_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "requirements_sha256": sha256(requirements.read_bytes()).hexdigest(),
        "audited": len(audited),
        "skipped": len(packages) - len(audited),
        "vulnerabilities": [_told(package, found) for package in audited for found in package["vulns"]],
    }


def _told(package: Package, vulnerability: dict[str, Any]) -> str:
    mended = ", ".join(vulnerability["fix_versions"]) or "no version"
    return f"{package['name']} {package['version']}: {vulnerability['id']}, mended in {mended}"


if __name__ == "__main__":
    sys.exit(main())
