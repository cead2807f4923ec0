"""How far a backup has come: a bar on a terminal, and nothing where a log or a mail of cron would have it."""

import os
import pty
import subprocess
from pathlib import Path

from tests.integration.processes import COMMAND, TIMEOUT, environment, todo_api


def on_a_terminal(*arguments: str, home: Path) -> str:
    """Run a command, and return what it shows on a terminal that is its standard error."""
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        try:
            subprocess.run(  # noqa: S603 - our own command
                [*COMMAND, *arguments], cwd=home, env=environment(), stderr=theirs, timeout=TIMEOUT, check=True
            )
            return terminal.read(1 << 16).decode()
        finally:
            os.close(theirs)


def test_a_terminal_shows_how_far_each_step_has_come(tmp_path: Path) -> None:
    todo_api("migrate", home=tmp_path)

    made = on_a_terminal("backup", home=tmp_path)
    verified = on_a_terminal("backup", "--verify", home=tmp_path)

    assert [
        word for word in ("Reading the database", "Copying the database", "Writing", "100%") if word not in made
    ] == []
    assert [word for word in ("Checking the file", "Restoring", "Reading the database") if word not in verified] == []


def test_elsewhere_there_is_the_result_and_nothing_else(tmp_path: Path) -> None:
    todo_api("migrate", home=tmp_path)

    made = todo_api("backup", home=tmp_path)

    assert (made.stderr, made.stdout.count("\n")) == ("", 1)
