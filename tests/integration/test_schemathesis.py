"""A property-based run against the served document: the whole service on SQLite, behind a real server.

With more examples, by hand: ``SCHEMATHESIS_EXAMPLES=300 pytest tests/integration/test_schemathesis.py``.
"""

import os
import re
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest

from tests.integration.processes import serving

HERE = Path(__file__).parent
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "10")
RUN_TIMEOUT = 1_800

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The URL of a service that was just started, with one account."""
    home = tmp_path_factory.mktemp("service")
    with serving(home, LOG_LEVEL="warning", ENVIRONMENT="development", MAX_CONCURRENT_REQUESTS="4") as server:
        account = {"email": "ada@example.com", "password": "a password nobody guesses"}
        assert httpx.post(f"{server.url}/auth/register", json=account).status_code == 201
        yield server.url
        assert "Unexpected error" not in server.log.read_text(encoding="utf-8")


def test_a_run_that_is_not_signed_in_finds_nothing(base_url: str, tmp_path: Path) -> None:
    output = run(base_url, tmp_path, "schemathesis.toml")

    assert {"GET /todos", "POST /todos", "PATCH /me", "DELETE /posts/{post_id}"} <= refused_in(output)


def test_a_run_that_is_signed_in_finds_nothing_and_gets_everywhere(base_url: str, tmp_path: Path) -> None:
    output = run(base_url, tmp_path, "schemathesis.toml", "schemathesis_signed_in.toml")

    # Nobody guesses a password or a refresh token.
    assert refused_in(output) <= {"DELETE /me", "POST /me/password", "POST /auth/login", "POST /auth/refresh"}
    assert httpx.get(f"{base_url}/posts").json()["total"] > 0


def run(base_url: str, directory: Path, *configurations: str) -> str:
    """Try out every operation in every phase; return what is printed if nothing is found."""
    configuration = directory / "schemathesis.toml"
    configuration.write_text("\n".join((HERE / name).read_text(encoding="utf-8") for name in configurations))
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(configuration), "run"),
            *(f"{base_url}/schema/openapi.json", "--max-examples", EXAMPLES),
        ],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for phase in ("Examples", "Coverage", "Fuzzing", "Stateful"):
        assert f"✅ {phase}" in done.stdout, done.stdout
    return done.stdout


def refused_in(output: str) -> set[str]:
    """Return the operations that were answered with 401 or 403 only."""
    warning = output.partition("Authentication failed:")[2].partition("Ensure valid authentication")[0]
    return set(re.findall(r"^  - (.+)$", warning, re.MULTILINE))
