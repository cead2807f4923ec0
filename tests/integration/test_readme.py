"""What the README says was run: here it is run again."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.integration.processes import TIMEOUT, serving
from tests.needs import CURL, require

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def tour() -> str:
    """The commands of the tour, as one script that stops at the first that fails."""
    require(CURL)
    chapter = README.read_text(encoding="utf-8").partition("## A tour with curl")[2].partition("\n## ")[0]
    return "set -euo pipefail\n" + "\n".join(re.findall(r"```sh\n(.*?)```", chapter, flags=re.DOTALL))


def test_the_tour_with_curl_leads_where_it_says(tour: str, tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        finished = subprocess.run(  # noqa: S603 - the README's own commands
            ["/bin/bash", "-c", tour],
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "API": server.url},
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )

    assert finished.returncode == 0, finished.stderr
    # Created, changed, refused, unchanged, closed: what the commands that show headers get.
    assert re.findall(r"HTTP/1.1 (\d+)", finished.stdout) == ["201", "200", "412", "304", "204"]
    assert '"due_at":"2026-12-24T08:00:00Z"' in finished.stdout
    assert '"total":1' in finished.stdout
    assert '"code":"insufficient_scope"' in finished.stdout
    assert '"content":"The lift is out of order until Friday."' in finished.stdout
