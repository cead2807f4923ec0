"""What a real process sends to Sentry when something breaks."""

from pathlib import Path

import httpx
import msgspec

from tests.api import bearer
from tests.harness import PASSWORD
from tests.integration.processes import TIMEOUT, serving, todo_api
from tests.integration.receiver import receiving
from tests.lifecycle import register, sign_in


def test_an_event_has_the_error_and_the_place_and_nothing_that_the_client_sent(tmp_path: Path) -> None:
    with receiving() as sentry:
        dsn = f"http://0123456789abcdef@127.0.0.1:{sentry.port}/1"
        with serving(tmp_path, SENTRY_DSN=dsn) as server, httpx.Client(base_url=server.url, timeout=TIMEOUT) as client:
            register(client)
            access, refresh = sign_in(client)
            assert client.get("/nothing").status_code == 404
            todo_api("migrate", "base", home=tmp_path)
            headers = bearer("todo_pat_hunter2") | {"User-Agent": "a-client", "X-Request-ID": "find-me"}
            assert client.get("/todos", params={"q": "hunter2"}, headers=headers).status_code == 503
            assert client.get("/posts").status_code == 503
            server.stop()  # which sends what still waits

        (report,) = sentry.wait_for()

    event = msgspec.json.decode(report.body.splitlines()[2])
    assert report.path == "/api/1/envelope/"
    assert event["exception"]["values"][-1]["type"] == "Unavailable"
    assert any(frame["function"] == "fetch_one" for frame in event["exception"]["values"][-1]["stacktrace"]["frames"])
    assert event["tags"]["request_id"] == "find-me"
    assert event["tags"]["route"] == "/todos"
    sent = report.body.decode()
    secrets = [PASSWORD, "grace@example.com", "hunter2", "a-client", "127.0.0.1", refresh, *access.values()]
    assert [secret for secret in secrets if secret in sent] == []
