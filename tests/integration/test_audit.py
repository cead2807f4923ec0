"""`make audit`: what is written down about vulnerabilities is what was found out, and no more."""

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
VULNERABLE = {
    "name": "jinja2",
    "version": "2.4.1",
    "vulns": [{"id": "PYSEC-2019-217", "fix_versions": ["2.10.1"], "aliases": [], "description": "An escape."}],
}
CLEAN: dict[str, Any] = {"name": "click", "version": "8.5.0", "vulns": []}
UNKNOWN = {"name": "granian", "skip_reason": "Dependency not found"}


class Audit:
    """A run of the tool, beside a pip-audit that says what it is told to say."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.status = -1
        self.output = ""

    def hearing(self, said: str, *, status: int = 0, error: str = "") -> dict[str, Any]:
        """Return the report on two packages when pip-audit says this."""
        (self._home / "pip_audit.py").write_text(
            f"import sys\nprint({said!r})\nprint({error!r}, file=sys.stderr)\nsys.exit({status})\n", encoding="utf-8"
        )
        requirements, report = self._home / "runtime.txt", self._home / "build/audit.json"
        requirements.write_text("click==8.5.0 \\\n    --hash=sha256:00\ngranian==2.8.0\n    # via todo-api\n")
        finished = subprocess.run(  # noqa: S603 - our own tool
            [sys.executable, str(ROOT / "tools/audit.py"), str(requirements), str(report)],
            env={"PYTHONPATH": str(self._home)},
            capture_output=True,
            text=True,
            check=False,
        )
        self.status, self.output = finished.returncode, finished.stdout + finished.stderr
        return json.loads(report.read_text(encoding="utf-8"))


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    return Audit(tmp_path)


def saying(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_a_vulnerability_is_named_and_fails(audit: Audit) -> None:
    report = audit.hearing(saying(VULNERABLE, CLEAN, UNKNOWN), status=1)

    assert (audit.status, report["audited"], report["skipped"]) == (1, 2, 1)
    assert report["vulnerabilities"] == ["jinja2 2.4.1: PYSEC-2019-217, mended in 2.10.1"]
    assert "jinja2 2.4.1: PYSEC-2019-217, mended in 2.10.1" in audit.output


def test_what_is_clean_passes(audit: Audit) -> None:
    report = audit.hearing(saying(CLEAN))

    assert (audit.status, report["audited"], report["skipped"], report["vulnerabilities"]) == (0, 1, 0, [])


def test_packages_that_nobody_knew_are_not_called_clean(audit: Audit) -> None:
    report = audit.hearing(saying(UNKNOWN, UNKNOWN))

    assert (audit.status, report["audited"], report["skipped"]) == (0, 0, 2)
    assert "Nothing was audited" in audit.output


def test_a_service_that_is_not_reached_audits_nothing(audit: Audit) -> None:
    report = audit.hearing("", status=1, error="ERROR: connection refused")

    assert (audit.status, report["audited"], report["skipped"]) == (0, 0, 2)
    assert "ERROR: connection refused" in audit.output
    assert "Nothing was audited" in audit.output


def test_the_report_says_of_which_packages_it_tells(audit: Audit, tmp_path: Path) -> None:
    report = audit.hearing(saying(CLEAN))

    assert report["requirements_sha256"] == sha256((tmp_path / "runtime.txt").read_bytes()).hexdigest()
