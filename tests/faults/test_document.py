"""What docs/reliability.md says is tested is tested, and nothing that is tested is missing there."""

import re
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_DOCUMENT = (_ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
_NOT_FAULTS = {"test_document.py", "test_ledger.py"}


def test_every_fault_and_abuse_has_a_row_and_every_row_a_test() -> None:
    named = re.findall(r"`(tests/(?:faults|abuse)/\w+\.py::\w+)`", _DOCUMENT)
    written = {
        f"tests/{path.parent.name}/{path.name}::{name}"
        for folder in ("faults", "abuse")
        for path in (_ROOT / "tests" / folder).glob("test_*.py")
        if path.name not in _NOT_FAULTS
        for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }

    assert len(named) == len(set(named))
    assert set(named) == written
