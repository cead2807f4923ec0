"""The server as it is run: a process that answers, keeps its data, and stops when it is told to."""

import re
import signal
import socket
import time
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from tests.harness import PASSWORD
from tests.integration.processes import TIMEOUT, Server, eventually, serving, todo_api
from tests.postgresql import new_database

pytestmark = pytest.mark.long

EMAIL = "ada@example.com"


def register(server: Server) -> httpx.Response:
    return httpx.post(f"{server.url}/auth/register", json={"email": EMAIL, "password": PASSWORD}, timeout=TIMEOUT)


def sign_in(server: Server) -> dict[str, str]:
    """Return the header of a session."""
    answer = httpx.post(
        f"{server.url}/auth/login", data={"username": EMAIL, "password": PASSWORD}, timeout=TIMEOUT
    ).raise_for_status()
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def test_it_serves_without_any_settings_and_migrates_itself(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        ready = httpx.get(f"{server.url}/health/ready", timeout=TIMEOUT)
        registered = register(server)
        created = httpx.post(
            f"{server.url}/todos", json={"title": "Buy oat milk"}, headers=sign_in(server), timeout=TIMEOUT
        )

    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "problems": [], "notices": []})
    assert (registered.status_code, created.status_code) == (201, 201)
    assert (tmp_path / "data" / "todo.sqlite3").exists()


def test_it_says_where_it_listens_where_the_documentation_is_and_where_the_data(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        said = next(line for line in server.log.read_text(encoding="utf-8").splitlines() if "Serving " in line)
        page = httpx.get(f"{server.url}/schema", timeout=TIMEOUT)

    assert f"Serving {server.url}, with documentation at {server.url}/schema;" in said
    assert "the data is in SQLite in data/todo.sqlite3" in said
    assert page.status_code == 200


def test_everything_is_still_there_after_a_restart_even_who_was_signed_in(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        register(server)
        headers = sign_in(server)
        created = httpx.post(f"{server.url}/todos", json={"title": "Buy oat milk"}, headers=headers, timeout=TIMEOUT)
        first_status = server.stop()

    with serving(tmp_path) as server:
        found = httpx.get(f"{server.url}/todos/{created.json()['id']}", headers=headers, timeout=TIMEOUT)

    assert first_status == 0
    assert (found.status_code, found.json()) == (200, created.json())


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_it_is_told_to(stop: signal.Signals, tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.process.send_signal(stop)

        assert server.process.wait(TIMEOUT) == 0
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{server.url}/health", timeout=1)


def test_a_request_in_flight_is_finished_before_it_stops(tmp_path: Path) -> None:
    form = urlencode({"username": EMAIL, "password": PASSWORD}).encode()
    head = (
        "POST /auth/login HTTP/1.1\r\n"
        "Host: localhost\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(form)}\r\n"
        "Expect: 100-continue\r\n"
        "\r\n"
    )
    with serving(tmp_path) as server:
        register(server)
        with socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT) as connection:
            connection.sendall(head.encode())
            assert connection.recv(1_000).startswith(b"HTTP/1.1 100")  # the service waits for the form

            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            still_runs = server.process.poll() is None
            connection.sendall(form)  # and only now verifies the password
            answer = b"".join(iter(lambda: connection.recv(10_000), b""))

        status = server.process.wait(TIMEOUT)

    assert still_runs
    assert re.match(rb"HTTP/1.1 200 OK\r\n(.|\n)*todo_refresh_", answer)
    assert status == 0


def test_many_workers_share_one_database_and_one_secret(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "2") as server:
        register(server)
        headers = sign_in(server)
        created = [  # each through a connection of its own, which either worker may accept
            httpx.post(f"{server.url}/todos", json={"title": f"{number}"}, headers=headers, timeout=TIMEOUT).status_code
            for number in range(40)
        ]
        listed = httpx.get(f"{server.url}/todos?limit=200&include=count", headers=headers, timeout=TIMEOUT).json()
        status = server.stop()

    assert set(created) == {201}
    assert listed["total"] == 40
    assert len(set(re.findall(r"worker-\d+", server.log.read_text(encoding="utf-8"), re.IGNORECASE))) == 2
    assert status == 0


def test_the_address_to_listen_on_can_be_set(tmp_path: Path) -> None:
    with serving(tmp_path, "--host", "127.0.0.1", HOST="256.256.256.256", PORT="1", WORKERS="1") as server:
        answer = httpx.get(f"{server.url}/", timeout=TIMEOUT)

    assert answer.json()["name"] == "Todo API"


def test_in_production_the_log_is_json_and_the_answer_says_https_only(tmp_path: Path) -> None:
    with serving(tmp_path, ENVIRONMENT="production", JWT_SECRET="j" * 64) as server:
        answer = httpx.get(f"{server.url}/", timeout=TIMEOUT)

    assert "strict-transport-security" in answer.headers
    assert not (tmp_path / "data" / "jwt-secret").exists()
    assert "j" * 64 not in server.log.read_text(encoding="utf-8")


def test_postgresql_is_migrated_by_a_command_of_its_own(postgresql_server: str, tmp_path: Path) -> None:
    with new_database(postgresql_server) as url, serving(tmp_path, DATABASE_URL=url) as server:
        before = httpx.get(f"{server.url}/health/ready", timeout=TIMEOUT)
        refused = register(server)
        alive = httpx.get(f"{server.url}/health", timeout=TIMEOUT)

        migrated = todo_api("migrate", home=tmp_path, DATABASE_URL=url)
        became_ready = eventually(lambda: httpx.get(f"{server.url}/health/ready", timeout=TIMEOUT).is_success)
        registered = register(server)
        status = server.stop()

    assert (before.status_code, before.json()["status"]) == (503, "not ready")
    assert before.json()["problems"] == ["The database has not been migrated."]
    assert (refused.status_code, alive.status_code) == (503, 200)
    assert migrated.returncode == 0
    assert became_ready
    assert (registered.status_code, status) == (201, 0)


def test_postgresql_keeps_everything_too(committed_url: str, tmp_path: Path) -> None:
    with serving(tmp_path, DATABASE_URL=committed_url, WORKERS="2") as server:
        register(server)
        headers = sign_in(server)
        created = httpx.post(f"{server.url}/todos", json={"title": "Buy oat milk"}, headers=headers, timeout=TIMEOUT)

    with serving(tmp_path, DATABASE_URL=committed_url) as server:
        found = httpx.get(f"{server.url}/todos/{created.json()['id']}", headers=headers, timeout=TIMEOUT)

    assert (found.status_code, found.json()) == (200, created.json())
    assert not (tmp_path / "data" / "todo.sqlite3").exists()
