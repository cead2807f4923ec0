"""Commands in this process, for what an operator sees of them; other tests run them as processes of their own."""

import asyncio
import json
import socket
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from entrypoints.cli.main import main
from entrypoints.connections.guard import ConnectionGuard
from entrypoints.deployment.checklist import ITEMS, checklist
from entrypoints.deployment.findings import Level
from entrypoints.deployment.gathering import gather
from entrypoints.observability.metrics_directory import make_metrics_directory
from tests.integration.processes import free_port


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_file: Path) -> Path:
    """A working directory of the test's own, in which nothing is set, and no database is yet in DATA_DIR."""
    del sqlite_file  # asked for because commands make files of their own
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "JWT_SECRET", "ENVIRONMENT", "DATA_DIR", "BACKUP_DIR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def listener() -> Generator[socket.socket]:
    """A socket that is listened on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def run(*arguments: str, **settings: str) -> Result:
    return CliRunner().invoke(main, arguments, env=settings)


def test_a_database_is_made_backed_up_verified_and_restored(home: Path) -> None:
    assert run("migrate").exit_code == 0
    assert run("create-user", "ada@example.com").exit_code != 0  # nobody is there to type a password
    opened = CliRunner().invoke(main, ["create-user", "ada@example.com", "--password-stdin"], input="correct horse 1\n")
    assert opened.output == "Account 1 was opened.\n"

    made, verified = run("backup"), run("backup", "--verify")
    assert (made.exit_code, verified.exit_code) == (0, 0)
    assert "accounts 1;" in made.output
    assert "has what it should" in verified.output

    (file,) = (home / "data" / "backups").glob("*.backup")
    asked, restored = run("restore", str(file)), run("restore", str(file), "--yes")
    assert (asked.exit_code, "--yes" in asked.output) == (1, True)
    assert (restored.exit_code, "The backup is restored." in restored.output) == (0, True)


@pytest.mark.parametrize("arguments", [[], ["--all", "--account", "ada@example.com"], ["--sessions"]])
def test_who_is_to_be_signed_out_has_to_be_said(home: Path, arguments: list[str]) -> None:
    refused = run("revoke", *arguments)

    assert (refused.exit_code, "either --all or --account EMAIL" in refused.output) == (2, True)
    assert not (home / "data").exists()


def test_an_operator_revokes_what_gives_access_and_hears_from_when_on_it_is_refused(home: Path) -> None:
    del home
    run("migrate")
    CliRunner().invoke(main, ["create-user", "ada@example.com", "--password-stdin"], input="correct horse 1\n")

    of_all, of_ada = run("revoke", "--all"), run("revoke", "--account", "ADA@example.com", "--tokens")
    unheard = run("revoke", "--all", REDIS_URL="redis://127.0.0.1:1")
    of_nobody = run("revoke", "--account", "nobody@example.com")

    for done in (of_all, of_ada):
        assert done.exit_code == 0
        assert done.output.startswith("Sessions ended: 0. API tokens revoked: 0.\nThere is no Redis: ")
        assert "for up to 30 seconds" in done.output
    assert (unheard.exit_code, "Redis does not answer: " in unheard.output) == (0, True)
    assert (of_nobody.exit_code, "There is no account" in of_nobody.output) == (1, True)


def test_of_three_backups_two_are_kept(home: Path) -> None:
    run("migrate")

    outputs = [run("backup", "--keep", "2").output for _ in range(3)]

    assert ["Removed" in output for output in outputs] == [False, False, True]
    assert len(list((home / "data" / "backups").glob("*.backup"))) == 2
    assert run("backup", "--verify", "--keep", "2").exit_code == 2
    assert run("backup", "--verify", "nowhere").exit_code == 1


def test_settings_are_shown_and_the_database_is_ready(home: Path) -> None:
    missing = run("check")
    run("migrate")

    ready = run("check", JWT_SECRET="hidden" * 20, TRUSTED_PROXIES="10.0.0.0/8")

    assert (missing.exit_code, "There is no such file yet" in missing.output) == (1, True)
    assert (ready.exit_code, "ready." in ready.output, "hidden" in ready.output) == (0, True, False)
    assert "10.0.0.0/8" in ready.output
    assert (home / "data" / "todo.sqlite3").exists()


@pytest.mark.usefixtures("home")
def test_the_checklist_is_gone_through() -> None:
    settings = {"PORT": str(free_port()), "REDIS_URL": f"redis://127.0.0.1:{free_port()}"}

    lines, document = run("check", "--deploy", **settings), run("check", "--deploy", "--json", **settings)

    findings = json.loads(document.output)["findings"]
    assert (lines.exit_code, document.exit_code) == (1, 1)
    assert len(lines.output.splitlines()) == len(ITEMS) + 1
    assert [finding["item"] for finding in findings] == [line[8:26].strip() for line in lines.output.splitlines()[:-1]]
    assert run("check", "--url", "http://127.0.0.1").exit_code == 2


@pytest.mark.usefixtures("home")
async def test_facts_are_gathered_about_what_answers_and_what_does_not(
    committed_url: str, listener: socket.socket
) -> None:
    nobody, silent = free_port(), listener.getsockname()[1]
    variables = {
        "DATABASE_URL": committed_url,
        "HOST": "0.0.0.0",  # noqa: S104 - nobody listens there
        "PORT": str(nobody),
        "METRICS_HOST": "::",
        "METRICS_PORT": str(silent),
        "METRICS_TOKEN": "scrape",
        "PUBLIC_URL": "https://nobody.invalid",
    }

    facts = await gather(variables, url=f"http://127.0.0.1:{nobody}")

    assert (facts.health, facts.readiness, facts.metrics, facts.plain) == (None, None, None, None)
    assert facts.database_problems == ()
    assert facts.settings_problems == ()
    levels = {finding.item: finding.level for finding in checklist(facts)}
    assert (levels["migrations"], levels["health"], levels["metrics"]) == (Level.OK, Level.ERROR, Level.ERROR)


@pytest.mark.usefixtures("home")
async def test_plain_http_is_tried_under_the_path_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()

    async def note(_: httpx.AsyncClient, base: str | None, path: str, *__: object) -> None:
        asked.add(f"{base}{path}")

    monkeypatch.setattr("entrypoints.deployment.gathering._answer", note)
    await gather({"PUBLIC_URL": "https://example.com/api"})

    assert {"http://example.com/api/", "https://example.com/api/health"} <= asked


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("url", ["https://[bad", "https://h:99999"])
async def test_facts_are_gathered_even_if_settings_make_no_sense(url: str) -> None:
    facts = await gather({"PUBLIC_URL": url, "DATABASE_URL": "postgresql://u:p@[::1/d", "PORT": str(free_port())})

    assert len(facts.settings_problems) == 2
    assert facts.database_problems
    assert len(checklist(facts)) == len(ITEMS)


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Only Linux has it.")
async def test_what_is_listened_on_gives_slow_readers_up(listener: socket.socket) -> None:
    async with ConnectionGuard(per_network=1, limit=2, user_timeout=7, metrics_port=None).running():
        for _ in range(100):
            if listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT):
                break
            await asyncio.sleep(0.05)

    assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 7_000


def test_a_metrics_directory_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    first, second = make_metrics_directory(), make_metrics_directory()
    left_behind = tmp_path / "todo-api-metrics-left"
    left_behind.mkdir()
    (left_behind / "in-use").touch()
    make_metrics_directory()

    assert first.is_dir()
    assert second.is_dir()
    assert not left_behind.exists()
