"""``todo-api check --deploy`` as an operator runs it."""

import json
import os
from pathlib import Path

import pytest

from entrypoints.deployment.checklist import ITEMS
from tests.integration.processes import free_port, serving, todo_api


def test_a_service_that_nobody_set_up_is_told_what_is_missing(tmp_path: Path) -> None:
    result = todo_api("check", "--deploy", home=tmp_path, PORT=str(free_port()))

    lines = result.stdout.splitlines()
    assert result.returncode == 1
    assert len(lines) == len(ITEMS) + 1
    assert all(line.split()[0] in {"ok", "warning", "error"} for line in lines[:-1])
    assert all("->" in line for line in lines[:-1] if not line.startswith("ok"))
    assert lines[-1].endswith("items keep this from being ready.")
    assert result.stderr == ""


def test_settings_that_cannot_be_used_are_one_line_of_it(tmp_path: Path) -> None:
    result = todo_api("check", "--deploy", home=tmp_path, ENVIRONMENT="production", DEBUG="on", PORT="x")

    assert result.returncode == 1
    (line,) = [line for line in result.stdout.splitlines() if line.split()[1] == "settings"]
    assert line.startswith("error")
    assert "PORT is 'x'" in line
    assert "DEBUG is on" in line


@pytest.mark.parametrize(
    "settings",
    [
        "HOST=999.1.1.1",
        "HOST=::1::",
        "METRICS_HOST=999.1.1.1\nMETRICS_PORT=9000",
        "PUBLIC_URL=http://127.0.0.1:99999",
        "REDIS_URL=http://cache",
        "REDIS_URL=redis://[::1",
    ],
)
def test_an_address_that_is_none_is_one_where_nobody_answers(settings: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(settings)

    result = todo_api("check", "--deploy", home=tmp_path)

    assert (result.returncode, result.stderr) == (1, "")
    assert "items keep this from being ready" in result.stdout


def test_programs_get_it_as_json(tmp_path: Path, committed_url: str) -> None:
    metrics = str(free_port())
    secret = todo_api("secret", home=tmp_path).stdout.strip()
    settings = {"DATABASE_URL": committed_url, "METRICS_PORT": metrics, "ENVIRONMENT": "production"}
    settings["JWT_SECRET"] = secret
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    with serving(tmp_path) as server:
        result = todo_api("check", "--deploy", "--json", "--url", f"{server.url}/", home=tmp_path)

    document = json.loads(result.stdout)
    levels = {finding["item"]: finding["level"] for finding in document["findings"]}
    assert result.returncode == 1
    assert document["ready"] is False
    right = {"settings", "JWT secret", "debug", "CORS", "log level", "health", "migrations", "metrics"}
    right |= {"user"} if os.geteuid() else set()
    assert {item for item, level in levels.items() if level == "ok"} - {"dependencies", "database password"} == right
    assert secret not in result.stdout


def test_a_url_without_the_checklist_makes_no_sense(tmp_path: Path) -> None:
    result = todo_api("check", "--json", home=tmp_path)

    assert (result.returncode, "--deploy" in result.stderr) == (2, True)


def test_a_secret_is_new_each_time_and_long_enough(tmp_path: Path) -> None:
    secrets = {todo_api("secret", home=tmp_path).stdout for _ in range(2)}

    assert {len(bytes.fromhex(secret)) for secret in secrets} == {64}
    assert len(secrets) == 2
