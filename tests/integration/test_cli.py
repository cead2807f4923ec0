"""The command line, each command in a process of its own."""

import re
import socket
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from adapters.sqlalchemy.revisions import newest_revision
from entrypoints.cli.main import main
from tests.harness import PASSWORD
from tests.integration.processes import free_port, todo_api
from tests.postgresql import url_like

JWT_SECRET = "j" * 64


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--help"], ["serve", "migrate", "create-user", "check", "DATABASE_URL", "JWT_SECRET_FILE", ".env"]),
        (["-h"], ["serve"]),
        (["serve", "--help"], ["--host", "--port", "--workers", "SIGTERM"]),
        (["migrate", "--help"], ["REVISION", "base"]),
        (["create-user", "--help"], ["EMAIL", "--password-stdin"]),
        (["check", "--help"], ["secrets hidden"]),
        (["revoke", "--help"], ["--all", "--account EMAIL", "--sessions", "--tokens"]),
    ],
)
def test_help_says_what_can_be_done(arguments: list[str], words: list[str]) -> None:
    result = CliRunner().invoke(main, arguments, prog_name="todo-api")

    assert result.exit_code == 0
    assert result.output.startswith("Usage: todo-api")
    assert [word for word in words if word not in result.output] == []


def test_commands_are_listed_in_the_order_in_which_they_are_needed() -> None:
    result = CliRunner().invoke(main, ["--help"])

    names = re.findall(r"^  ([a-z-]+) {2,}[A-Z]", result.output.partition("Commands:")[2], re.MULTILINE)
    assert names == ["serve", "migrate", "create-user", "revoke", "check", "secret", "backup", "restore"]


def test_the_version_is_told() -> None:
    result = CliRunner().invoke(main, ["--version"])

    assert re.fullmatch(r"todo-api, version [0-9.]+\n", result.output)


@pytest.mark.parametrize("arguments", [["serve", "--port", "0"], ["serve", "--workers", "many"], ["nonsense"]])
def test_what_makes_no_sense_is_a_usage_error(arguments: list[str]) -> None:
    assert CliRunner().invoke(main, arguments).exit_code == 2


@pytest.mark.parametrize("command", [["serve"], ["migrate"], ["create-user", "ada@example.com"], ["check"]])
def test_settings_that_cannot_be_used_stop_every_command_with_every_problem(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    environ = {"ENVIRONMENT": "production", "PORT": "x", "DATABASE_URL": "mysql://hidden", "JWT_SECRET": ""}

    result = CliRunner().invoke(main, command, env=environ)

    assert (result.exit_code, result.stdout) == (2, "")
    assert [line.split()[1] for line in result.stderr.splitlines()[1:]] == ["DATABASE_URL", "PORT", "JWT_SECRET"]
    assert "hidden" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_production_without_a_secret_is_refused(tmp_path: Path) -> None:
    result = todo_api("serve", home=tmp_path, ENVIRONMENT="production")

    assert result.returncode == 2
    assert "JWT_SECRET is missing" in result.stderr


def test_migrating_makes_the_database_and_again_changes_nothing(tmp_path: Path) -> None:
    first, second = (todo_api("migrate", home=tmp_path, umask=0) for _ in range(2))

    assert (first.returncode, first.stdout) == (0, "The database is at the newest schema.\n")
    assert (second.returncode, second.stdout) == (0, "The database is at the newest schema.\n")
    assert (tmp_path / "data" / "todo.sqlite3").exists()
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_a_migration_can_be_taken_back(tmp_path: Path) -> None:
    todo_api("migrate", home=tmp_path)

    back = todo_api("migrate", "-1", home=tmp_path)

    assert (back.returncode, back.stdout) == (0, "The database is at -1.\n")
    check = todo_api("check", home=tmp_path)
    assert check.returncode == 1
    assert f"this version needs {newest_revision()}" in check.stdout
    assert todo_api("migrate", "+1", home=tmp_path).returncode == 0
    assert todo_api("check", home=tmp_path).returncode == 0


def test_a_revision_that_does_not_exist_is_explained(tmp_path: Path) -> None:
    result = todo_api("migrate", "nonsense", home=tmp_path)

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "Error: Can't locate revision identified by 'nonsense'.\n"


def test_an_account_is_opened_with_a_password_from_standard_input(tmp_path: Path) -> None:
    todo_api("migrate", home=tmp_path)

    opened = todo_api("create-user", "Ada@example.com", "--password-stdin", home=tmp_path, stdin=f"{PASSWORD}\r\n")
    again = todo_api("create-user", "ada@EXAMPLE.com", "--password-stdin", home=tmp_path, stdin=f"{PASSWORD}\n")

    assert (opened.returncode, opened.stdout) == (0, "Account 1 was opened.\n")
    assert again.returncode == 1
    assert "Another account uses this e-mail address" in again.stderr
    assert PASSWORD not in opened.stdout + opened.stderr + again.stderr


@pytest.mark.parametrize(
    ("email", "password", "reason"),
    [
        ("nobody", PASSWORD, "Must be an e-mail address"),
        ("ada@example.com", "short", "Must have 8 to 256 characters"),
        ("ada@example.com", "Password1", "This password is one of the most used"),
        ("ada.lovelace@example.com", "ada.lovelace", "The password must not be the e-mail address"),
    ],
)
def test_an_account_that_breaks_a_rule_is_not_opened(email: str, password: str, reason: str, sqlite_file: Path) -> None:
    result = todo_api("create-user", email, "--password-stdin", home=sqlite_file.parent, stdin=password, DATA_DIR=".")

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: {reason}")


def test_no_account_is_opened_in_a_database_that_was_not_migrated(tmp_path: Path) -> None:
    result = todo_api("create-user", "ada@example.com", "--password-stdin", home=tmp_path, stdin=PASSWORD)

    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("Error: The database ")


def test_check_says_that_a_database_is_ready(sqlite_file: Path) -> None:
    result = todo_api("check", home=sqlite_file.parent, DATA_DIR=str(sqlite_file.parent), JWT_SECRET=JWT_SECRET)

    shown = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert result.returncode == 0
    assert shown["Database"] == f"SQLite in {sqlite_file}: ready."
    assert (shown["JWT_SECRET"], shown["DATABASE_URL"], shown["CORS_ORIGINS"]) == ("***", "not set", "none")
    assert (shown["PORT"], shown["ALLOWED_HOSTS"], shown["ENVIRONMENT"]) == ("8000", "*", "development")


def test_check_makes_nothing_where_there_is_nothing(tmp_path: Path) -> None:
    result = todo_api("check", home=tmp_path)

    assert result.returncode == 1
    assert "There is no such file yet" in result.stdout
    assert list(tmp_path.iterdir()) == []


def test_check_says_that_a_database_cannot_be_reached_and_hides_its_password(tmp_path: Path) -> None:
    where = f"127.0.0.1:{free_port()}/todo"
    url = f"postgresql://ada:hidden@{where}"

    result = todo_api("check", home=tmp_path, DATABASE_URL=url, REDIS_URL="redis://:hidden@cache")

    assert result.returncode == 1
    assert f"PostgreSQL at {where}: The database cannot be reached." in result.stdout
    assert "hidden" not in result.stdout + result.stderr


def test_migrating_what_cannot_be_reached_is_explained(tmp_path: Path) -> None:
    url = f"postgresql://ada:hidden@127.0.0.1:{free_port()}/todo"

    result = todo_api("migrate", home=tmp_path, DATABASE_URL=url)

    assert result.returncode == 1
    assert result.stderr.startswith("Error: It cannot be reached")
    assert "hidden" not in result.stderr


def test_migrating_with_an_option_that_the_driver_refuses_is_explained(tmp_path: Path) -> None:
    result = todo_api("migrate", home=tmp_path, DATABASE_URL="postgresql://127.0.0.1/todo?sslmode=always")

    assert result.returncode == 1
    assert result.stderr.startswith("Error: The database cannot be reached: `sslmode` parameter must be one of")


def test_check_follows_a_postgresql_database(committed_url: str, tmp_path: Path) -> None:
    ready = todo_api("check", home=tmp_path, DATABASE_URL=committed_url)
    todo_api("migrate", "base", home=tmp_path, DATABASE_URL=committed_url)
    empty = todo_api("check", home=tmp_path, DATABASE_URL=committed_url)

    assert ready.returncode == 0
    assert re.fullmatch(r"Database +PostgreSQL at .+: ready\.", ready.stdout.splitlines()[-1])
    assert (empty.returncode, "has not been migrated" in empty.stdout) == (1, True)


@pytest.mark.parametrize("command", ["check", "migrate"])
def test_a_database_that_does_not_exist_is_explained(command: str, committed_url: str, tmp_path: Path) -> None:
    nowhere = url_like(committed_url, database="not_there")

    result = todo_api(command, home=tmp_path, DATABASE_URL=nowhere)

    assert result.returncode == 1
    assert "The database cannot be reached" in result.stdout + result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("database_url", ["", "postgresql://127.0.0.1/todo"])
def test_a_data_directory_that_cannot_be_made_is_explained(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    result = todo_api("serve", home=tmp_path, DATABASE_URL=database_url, DATA_DIR=str(tmp_path / "file" / "data"))

    assert result.returncode == 1
    assert result.stderr.startswith("Error: It cannot be reached or written")


def test_a_port_that_is_taken_is_not_shared(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        refused = todo_api("serve", "--port", str(listener.getsockname()[1]), home=tmp_path)

    assert refused.returncode == 1
    assert "Cannot listen on 127.0.0.1" in refused.stderr


def test_what_is_written_is_for_nobody_else(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)

    todo_api("migrate", home=tmp_path)

    assert stat.S_IMODE((tmp_path / "data" / "todo.sqlite3").stat().st_mode) == 0o600


def test_a_damaged_secret_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "jwt-secret").write_text("x", encoding="utf-8")

    refused = todo_api("serve", "--port", str(free_port()), home=tmp_path)

    assert refused.returncode == 1
    assert "jwt-secret is too short" in refused.stderr
