"""What a command loads: a process of its own tells, for in this one everything is loaded already."""

import subprocess
import sys
from pathlib import Path

import pytest

from entrypoints.cli.main import COMMANDS
from tests.integration.processes import TIMEOUT, environment

WEB = {"granian", "litestar", "opentelemetry", "prometheus_client", "sentry_sdk", "swagger_ui_bundle", "uvloop"}
SLOW = WEB | {
    "alembic",
    "argon2",
    "asyncio",
    "asyncpg",
    "httpx",
    "pyrage",
    "redis",
    "sqlalchemy",
    "structlog",
    "zxcvbn",
}

PROGRAM = """
import atexit, sys
from entrypoints.cli.main import main
atexit.register(lambda: print(*sys.modules))
main()
"""


def loaded_by(*arguments: str, home: Path) -> set[str]:
    """Run a command, and return the names of the packages that it has loaded in the end."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=home,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert "Traceback" not in done.stderr
    loaded = {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert {"click", "entrypoints"} <= loaded, done.stderr
    return loaded


@pytest.mark.parametrize(
    "arguments", [["--help"], ["secret"], ["check"], *([command, "--help"] for command in COMMANDS)], ids=" ".join
)
def test_what_needs_no_database_starts_at_once(tmp_path: Path, arguments: list[str]) -> None:
    assert loaded_by(*arguments, home=tmp_path) & SLOW == set()


def test_operators_commands_load_no_web_framework(tmp_path: Path) -> None:
    assert loaded_by("migrate", home=tmp_path) & WEB == set()
    assert loaded_by("backup", home=tmp_path) & WEB == set()
    (backup,) = (tmp_path / "data" / "backups").glob("*.backup")
    assert loaded_by("backup", "--verify", home=tmp_path) & WEB == set()
    assert loaded_by("restore", str(backup), "--yes", home=tmp_path) & WEB == set()
    assert loaded_by("check", home=tmp_path) & WEB == set()


def test_a_database_of_one_kind_does_without_the_driver_of_another(tmp_path: Path) -> None:
    assert "asyncpg" not in loaded_by("migrate", home=tmp_path)


def test_a_file_that_needs_no_migration_is_left_alone_at_once(tmp_path: Path) -> None:
    assert "alembic" in loaded_by("migrate", home=tmp_path)
    assert loaded_by("migrate", home=tmp_path) & {"alembic", "sqlalchemy"} == set()
