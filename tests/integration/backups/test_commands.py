"""``todo-api backup`` and ``todo-api restore``, in processes of their own."""

import asyncio
import os
import pty
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from subprocess import CompletedProcess, Popen

import asyncpg
import pytest
from click.testing import CliRunner
from sqlalchemy import text

from adapters.sqlalchemy.database import Statement
from adapters.sqlalchemy.tables import AccountRow, TodoRow
from entrypoints.cli.main import main
from tests.integration.backups.scenario import IDENTITY, RECIPIENT, Scenario, account, names_in, todo
from tests.integration.backups.test_postgresql import waiting_for_a_lock
from tests.integration.preloaded_commands import Command
from tests.integration.processes import COMMAND, TIMEOUT, environment
from tests.postgresql import url_like

BACKUPS = "data/backups"
TOLD_TO_STOP = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def start(scenario: Scenario, *arguments: str, stdin: str | Path = "", **settings: str) -> Command:
    """Start a command on the database of the scenario."""
    env = environment(**scenario.settings) | {"PATH": os.environ["PATH"]} | settings
    return Command(arguments, home=scenario.home, env=env, stdin=stdin)


def run(scenario: Scenario, *arguments: str, **settings: str) -> CompletedProcess[str]:
    """Run a command on the database of the scenario to its end."""
    process = start(scenario, *arguments, **settings)
    stdout, stderr = process.communicate(timeout=TIMEOUT)
    return CompletedProcess(arguments, process.wait(), stdout, stderr)


@pytest.fixture
async def one_todo(scenario: Scenario) -> Scenario:
    """A database with an account and a to-do, and a directory for its backups."""
    owner = await scenario.insert(AccountRow, **account())
    await scenario.insert(TodoRow, **todo(owner))
    scenario.settings["BACKUP_DIR"] = BACKUPS
    return scenario


def only_backup(scenario: Scenario) -> Path:
    """Return the one backup that there is."""
    (file,) = (scenario.home / BACKUPS).glob("*.backup")
    return file


async def test_a_backup_is_made_verified_and_restored(one_todo: Scenario) -> None:
    before = await one_todo.rows()

    made = run(one_todo, "backup")
    verified = run(one_todo, "backup", "--verify")
    await one_todo.insert(AccountRow, **account("late@example.com"))
    restored = run(one_todo, "restore", str(only_backup(one_todo)), "--yes")

    name = only_backup(one_todo).name
    assert made.stdout.startswith(f"{BACKUPS}/{name}: rows: accounts 1, todos 1; ")
    assert made.stdout.endswith(" bytes, not encrypted.\n")
    assert verified.stdout == f"{BACKUPS}/{name} was restored and has what it should: rows: accounts 1, todos 1.\n"
    assert "The database has rows: accounts 2, todos 1. All of it will be replaced.\n" in restored.stdout
    assert restored.stdout.endswith("The backup is restored.\n")
    assert [(result.returncode, result.stderr) for result in (made, verified, restored)] == [(0, "")] * 3
    assert await one_todo.rows() == before


async def test_restoring_over_data_without_somebody_to_ask_is_refused(one_todo: Scenario) -> None:
    run(one_todo, "backup")
    await one_todo.insert(AccountRow, **account("late@example.com"))
    before = await one_todo.rows()

    refused = run(one_todo, "restore", str(only_backup(one_todo)))

    assert refused.returncode == 1
    assert "was never verified" in refused.stdout
    assert refused.stderr == (
        "Error: Nobody can be asked: standard input is no terminal. --yes goes on without asking.\n"
    )
    assert await one_todo.rows() == before


@pytest.mark.parametrize(("answer", "status"), [("n", 1), ("y", 0)])
async def test_somebody_at_a_terminal_is_asked(one_todo: Scenario, answer: str, status: int) -> None:
    before = await one_todo.rows()
    run(one_todo, "backup")
    await one_todo.insert(AccountRow, **account("late@example.com"))
    with_late = await one_todo.rows()

    assert at_a_terminal(one_todo, answer, "restore", str(only_backup(one_todo))) == status

    assert await one_todo.rows() == (before if status == 0 else with_late)


async def test_where_nothing_is_nobody_is_asked(one_todo: Scenario, empty: Scenario) -> None:
    run(one_todo, "backup")

    restored = run(empty, "restore", str(only_backup(one_todo)))

    assert (restored.returncode, restored.stderr) == (0, "")
    assert run(empty, "check").returncode == 0


async def test_an_older_schema_asks_for_a_migration(one_todo: Scenario) -> None:
    async with one_todo.open() as database:
        await database.fetch_all(Statement(text("UPDATE alembic_version SET version_num = '0000' RETURNING 1")))
    run(one_todo, "backup")

    restored = run(one_todo, "restore", str(only_backup(one_todo)), "--yes")

    assert restored.stdout.endswith("Its schema is 0000, an older one: `todo-api migrate` is next.\n")


async def test_backups_are_encrypted_for_a_server_that_cannot_read_them(one_todo: Scenario, tmp_path: Path) -> None:
    key = tmp_path / "key.txt"
    key.write_text(f"# created: 2026-11-23\n# public key: {RECIPIENT}\n{IDENTITY}\n", encoding="utf-8")

    made = run(one_todo, "backup", BACKUP_RECIPIENTS=RECIPIENT)
    blind = run(one_todo, "backup", "--verify", BACKUP_RECIPIENTS=RECIPIENT)
    verified = run(one_todo, "backup", "--verify", BACKUP_IDENTITY_FILE=str(key))

    assert made.stdout.endswith("bytes, encrypted.\n")
    assert (blind.returncode, "BACKUP_IDENTITY_FILE is needed" in blind.stderr) == (1, True)
    assert (verified.returncode, verified.stderr) == (0, "")
    assert IDENTITY not in made.stdout + blind.stderr + verified.stdout


@pytest.mark.parametrize("wrong", [IDENTITY, RECIPIENT[:-1]], ids=["private", "cut off"])
def test_malformed_keys_are_explained_before_anything_is_done(sqlite_scenario: Scenario, wrong: str) -> None:
    refused = run(sqlite_scenario, "backup", BACKUP_RECIPIENTS=f"{RECIPIENT},{wrong}")

    assert (refused.returncode in {1, 2}, refused.stdout) == (True, "")
    assert ("BACKUP_RECIPIENTS" in refused.stderr, "Traceback" in refused.stderr) == (True, False)
    assert IDENTITY not in refused.stderr
    assert not (sqlite_scenario.home / BACKUPS).exists()


async def test_backups_beyond_the_newest_go(one_todo: Scenario) -> None:
    for _ in range(2):
        run(one_todo, "backup")
    third = run(one_todo, "backup", "--keep", "1")

    assert third.stdout.count("Removed ") == 2
    assert only_backup(one_todo).name in third.stdout.splitlines()[0]
    assert run(one_todo, "backup", "--verify", "--keep", "1").returncode == 2


async def test_damage_is_a_sentence_and_a_status(one_todo: Scenario) -> None:
    run(one_todo, "backup")
    file = only_backup(one_todo)
    file.write_bytes(file.read_bytes()[:-1])

    for command in (["backup", "--verify"], ["restore", str(file), "--yes"]):
        failed = run(one_todo, *command)
        assert failed.returncode == 1
        assert failed.stderr.startswith(f"Error: {BACKUPS if command[0] == 'backup' else one_todo.home}")
        assert (failed.stderr.count("\n"), "is damaged" in failed.stderr) == (1, True)


@pytest.mark.parametrize(
    "arguments", [["restore", "nothing"], ["backup", "--verify", "nothing"], ["backup", "no/such"]]
)
def test_what_is_not_there_is_a_sentence(sqlite_scenario: Scenario, arguments: list[str]) -> None:
    failed = run(sqlite_scenario, *arguments)

    assert failed.returncode == 1
    assert failed.stderr.startswith("Error: There is no ")


@pytest.mark.parametrize(
    ("command", "words"),
    [("backup", ["TARGET", "--verify", "--keep", "BACKUP_DIR"]), ("restore", ["FILE", "--yes", "BACKUP_IDENTITY"])],
)
def test_help_says_what_can_be_done(command: str, words: list[str]) -> None:
    shown = CliRunner().invoke(main, [command, "--help"]).output

    assert [word for word in words if word not in shown] == []


async def test_a_restore_that_is_told_to_stop_leaves_the_old_data(one_todo: Scenario) -> None:
    run(one_todo, "backup")
    await one_todo.insert(AccountRow, **account("late@example.com"))
    before = await one_todo.rows()

    for signal_ in TOLD_TO_STOP:
        with locked(one_todo):
            process = start(one_todo, "restore", str(only_backup(one_todo)), "--yes")
            await restoring(one_todo)
            process.send_signal(signal_)
            said, _ = process.communicate(timeout=TIMEOUT)
        assert "All of it will be replaced." in said
        assert process.returncode == (1 if signal_ == signal.SIGINT else 128 + signal_)

        assert await one_todo.rows() == before
        assert await one_todo.remains(one_todo.home / BACKUPS) == []


async def test_a_restore_on_postgresql_that_is_killed_never_commits(postgresql_scenario: Scenario) -> None:
    run(postgresql_scenario, "backup", "mine")
    await postgresql_scenario.insert(AccountRow, **account("late@example.com"))
    before = await postgresql_scenario.rows()

    with locked(postgresql_scenario):
        process = start(postgresql_scenario, "restore", "mine", "--yes")
        await waiting_for_a_lock(postgresql_scenario)
        process.kill()
        process.communicate(timeout=TIMEOUT)
    await left_by_restores(postgresql_scenario)

    assert await postgresql_scenario.rows() == before


async def test_a_restore_that_is_killed_with_everything_but_the_commit_sent_leaves_the_old_data(
    postgresql_scenario: Scenario, tmp_path: Path
) -> None:
    run(postgresql_scenario, "backup", "mine")
    await postgresql_scenario.insert(AccountRow, **account("late@example.com"))
    before = await postgresql_scenario.rows()
    real = f"PATH='{os.environ['PATH']}' pg_restore \"$@\""
    wait = "touch written; until [ -e killed ]; do sleep 0.1; done"
    tool(tmp_path / "slow" / "pg_restore", f"{real}; case $1 in --version) exit;; esac; {wait}")

    process = start(postgresql_scenario, "restore", "mine", "--yes", PATH=f"{tmp_path / 'slow'}:{os.environ['PATH']}")
    wait_for(tmp_path / "written")
    await everything_is_run(postgresql_scenario)
    process.kill()
    process.communicate(timeout=TIMEOUT)
    (tmp_path / "killed").touch()
    await left_by_restores(postgresql_scenario)

    assert await postgresql_scenario.rows() == before


def test_a_full_disk_is_not_blamed_on_the_database(sqlite_scenario: Scenario, sqlite_file: Path) -> None:
    with closing(sqlite3.connect(sqlite_file)) as connection:
        connection.execute("CREATE TABLE ballast AS SELECT randomblob(4000000) AS noise")
        connection.commit()
    limited = ["sh", "-c", 'ulimit -f 200; exec "$@"', "sh", *COMMAND, "backup", "mine"]

    failed = subprocess.run(  # noqa: S603 - our own command
        limited,
        cwd=sqlite_scenario.home,
        env=environment(**sqlite_scenario.settings),
        capture_output=True,
        text=True,
        check=False,
    )

    assert failed.returncode == 1
    assert "todo.sqlite3 cannot be copied to .todo-backup-" in failed.stderr
    assert failed.stderr.endswith("Is there room?\n")
    assert [name for name in names_in(sqlite_scenario.home) if name.startswith((".todo", "mine"))] == []


def test_a_restore_that_is_killed_halfway_leaves_the_old_data(sqlite_scenario: Scenario, sqlite_file: Path) -> None:
    with closing(sqlite3.connect(sqlite_file)) as connection:
        connection.execute("CREATE TABLE ballast AS SELECT randomblob(4000000) AS noise")
        connection.commit()
    run(sqlite_scenario, "backup", "mine")
    with closing(sqlite3.connect(sqlite_file)) as connection:
        connection.execute("DELETE FROM ballast")
        connection.commit()
    script = (
        "import os, signal\n"
        "from adapters.backups.sqlite import SqliteFile\n"
        "from entrypoints.cli.main import main\n"
        "steps = []\n"
        "def kill(self):\n"
        "    steps.append(1)\n"
        "    len(steps) == 3 and os.kill(os.getpid(), signal.SIGKILL)\n"
        "SqliteFile.pages_per_step, SqliteFile._stop_if_asked = 100, kill\n"
        "main(['restore', 'mine', '--yes'])\n"
    )

    killed = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", script],
        cwd=sqlite_scenario.home,
        env=environment(**sqlite_scenario.settings),
        check=False,
    )

    assert killed.returncode == -signal.SIGKILL
    with closing(sqlite3.connect(sqlite_file)) as connection:
        assert connection.execute("SELECT count(*) FROM ballast").fetchone() == (0,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


class TestTools:
    def test_missing_ones_are_explained(self, postgresql_scenario: Scenario, tmp_path: Path) -> None:
        refused = run(postgresql_scenario, "backup", "mine", PATH=str(tmp_path))

        assert refused.returncode == 1
        assert refused.stderr.startswith("Error: pg_dump is not in PATH. Install the client tools of PostgreSQL ")
        assert names_in(postgresql_scenario.home) == names_in(tmp_path)

    @pytest.mark.parametrize(
        ("says", "words"),
        [
            ("pg_dump (PostgreSQL) 12beta1", "is of PostgreSQL 12, the server of "),
            ("hello", "does not say which version it is"),
        ],
    )
    def test_ones_older_than_the_server_are_refused(
        self, postgresql_scenario: Scenario, tmp_path: Path, says: str, words: str
    ) -> None:
        tool(tmp_path / "old" / "pg_dump", f"echo '{says}'")

        refused = run(postgresql_scenario, "backup", "mine", PATH=f"{tmp_path / 'old'}:{os.environ['PATH']}")

        assert refused.returncode == 1
        assert words in refused.stderr
        assert not (tmp_path / "mine").exists()

    async def test_the_password_is_on_no_command_line_and_in_no_output(
        self, postgresql_scenario: Scenario, committed_url: str, tmp_path: Path
    ) -> None:
        connection = await asyncpg.connect(committed_url)
        await connection.execute("DROP ROLE IF EXISTS ada_of_backups")
        await connection.execute("CREATE ROLE ada_of_backups SUPERUSER LOGIN PASSWORD 'hid den/@:%'")
        try:
            url = url_like(committed_url, username="ada_of_backups", password="hid den/@:%")
            for name in ("pg_dump", "pg_restore", "psql"):
                real = f"PATH='{os.environ['PATH']}' exec {name} \"$@\""
                tool(tmp_path / "spy" / name, f"tr '\\0' '\\n' < /proc/$$/cmdline >> {tmp_path}/seen\n{real}")
            settings = {"DATABASE_URL": url, "PATH": f"{tmp_path / 'spy'}:{os.environ['PATH']}"}
            commands = (["backup", "mine"], ["backup", "--verify", "mine"], ["restore", "mine", "--yes"])

            results = [await asyncio.to_thread(run, postgresql_scenario, *command, **settings) for command in commands]

            assert [(result.returncode, result.stderr) for result in results] == [(0, "")] * 3
            seen = (tmp_path / "seen").read_text(encoding="utf-8")
            assert [word in seen for word in ("--format=custom", "--exit-on-error", "--no-psqlrc")] == [True] * 3
            assert "hid" not in seen + "".join(result.stdout for result in results)
        finally:
            await connection.execute("DROP OWNED BY ada_of_backups; DROP ROLE ada_of_backups")
            await connection.close()

    async def test_the_scratch_database_goes_when_a_verification_is_told_to_stop(
        self, postgresql_scenario: Scenario, tmp_path: Path
    ) -> None:
        run(postgresql_scenario, "backup", "mine")
        real = f"PATH='{os.environ['PATH']}' exec pg_restore \"$@\""
        tool(tmp_path / "slow" / "pg_restore", f"case $1 in --version) {real};; esac; touch started; exec sleep 60")
        path = f"{tmp_path / 'slow'}:{os.environ['PATH']}"

        for signal_ in TOLD_TO_STOP:
            (tmp_path / "started").unlink(missing_ok=True)
            process = start(postgresql_scenario, "backup", "--verify", "mine", PATH=path)
            wait_for(tmp_path / "started")
            process.send_signal(signal_)
            process.communicate(timeout=TIMEOUT)

            assert process.returncode == (1 if signal_ == signal.SIGINT else 128 + signal_)
            assert await postgresql_scenario.remains(tmp_path) == []


def tool(path: Path, script: str) -> None:
    """Write a program that stands in for one of PostgreSQL's."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o700)


def wait_for(path: Path) -> None:
    """Return when there is such a file."""
    deadline = time.monotonic() + TIMEOUT
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


async def restoring(scenario: Scenario) -> None:
    """Return when a restore is at work: it waits for a lock, or has made its draft of an SQLite file."""
    if scenario.dumpable.kind == "postgresql":
        await waiting_for_a_lock(scenario)
        return
    async with asyncio.timeout(TIMEOUT):
        while not list(scenario.home.rglob("draft")):  # noqa: ASYNC110 - made by another process
            await asyncio.sleep(0.02)


async def everything_is_run(scenario: Scenario) -> None:
    """Return when psql has had nothing to do for a while, in the middle of its transaction."""
    await until_sessions(
        scenario,
        "count(*) = 1",
        "application_name = 'psql' AND state = 'idle in transaction' AND clock_timestamp() - state_change > '0.5 s'",
    )


async def left_by_restores(scenario: Scenario) -> None:
    """Return when no restore is connected to the database any more."""
    await until_sessions(scenario, "count(*) = 0", "application_name IN ('psql', 'pg_restore')")


async def until_sessions(scenario: Scenario, wanted: str, which: str) -> None:
    """Return when there are as many sessions of a kind as wanted."""
    connection = await asyncpg.connect(scenario.settings["DATABASE_URL"])
    question = f"SELECT {wanted} FROM pg_stat_activity WHERE datname = current_database() AND {which}"  # noqa: S608 - ours
    async with asyncio.timeout(TIMEOUT):
        while not await connection.fetchval(question):  # noqa: ASYNC110 - in the server, which has no event of this loop
            await asyncio.sleep(0.05)
    await connection.close()


def at_a_terminal(scenario: Scenario, answer: str, *arguments: str) -> int:
    """Run a command that asks, give the answer, and return with which status it ended."""
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "wb", buffering=0) as terminal:
        process = start(scenario, *arguments, stdin=Path(os.ttyname(theirs)))
        terminal.write(f"{answer}\n".encode())
        status = process.wait(TIMEOUT)
        os.close(theirs)
        return status


@contextmanager
def locked(scenario: Scenario) -> Generator[None]:
    """Keep others from changing the database, in a process of its own."""
    if scenario.dumpable.kind == "sqlite":
        code = (
            "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
            "c.execute('BEGIN IMMEDIATE'); print('locked', flush=True); sys.stdin.read()"
        )
        where = f"{scenario.settings['DATA_DIR']}/todo.sqlite3"
    else:
        code = (
            "import asyncio, asyncpg, sys\n"
            "async def main():\n"
            "    c = await asyncpg.connect(sys.argv[1]); await c.execute('BEGIN; SELECT 1 FROM todos')\n"
            "    print('locked', flush=True); sys.stdin.read(); await c.close()\n"
            "asyncio.run(main())"
        )
        where = scenario.settings["DATABASE_URL"]
    with Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code, where], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == b"locked\n"
        try:
            yield
        finally:
            process.stdin.close()
