"""What a process that is killed leaves of its access log: all but the lines of the last tenth of a second."""

import os
import signal
from pathlib import Path

import httpx
import msgspec

from tests.harness import SECRET
from tests.integration.processes import TIMEOUT, Server, eventually, serving

REQUESTS = 30


def test_all_but_the_last_lines_are_there_whole_and_in_their_order(tmp_path: Path) -> None:
    with serving(tmp_path, ENVIRONMENT="production", JWT_SECRET=SECRET) as server:
        earlier = [f"earlier-{number}" for number in range(REQUESTS)]
        ask(server, earlier)
        assert eventually(lambda: logged(server, "earlier") == earlier)
        later = [f"later-{number}" for number in range(REQUESTS)]
        ask(server, later)
        os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait(TIMEOUT)

    found = logged(server, "later")
    assert logged(server, "earlier") == earlier
    assert found == later[: len(found)], "whatever is missing is at the end"


def ask(server: Server, names: list[str]) -> None:
    """Make a request of each name, one after the other."""
    with httpx.Client(base_url=server.url, timeout=TIMEOUT) as client:
        for name in names:
            client.get("/posts", headers={"X-Request-Id": name}).raise_for_status()


def logged(server: Server, kind: str) -> list[str]:
    """Return the names of this kind that the access log has, in its order; every line of it can be read."""
    lines = [msgspec.json.decode(line) for line in server.log.read_bytes().splitlines()]
    return [line["request_id"] for line in lines if line.get("request_id", "").startswith(kind)]
