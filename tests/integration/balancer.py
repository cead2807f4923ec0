"""The balancer's image between its clients and one replica, which tells what it got."""

import json
import re
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from secrets import token_hex

import httpx

from tests.integration.deploy_files import ROOT, must, run
from tests.integration.processes import free_port

TIMEOUT = 60
"""Seconds until the balancer has found the replica; it looks every second."""

_REPLICA = """
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Replica(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = json.dumps(self.headers.items()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.close_connection = True  # without an answer

ThreadingHTTPServer(("", 8000), Replica).serve_forever()
"""

_REQUEST = """
import http.client, json, sys
connection = http.client.HTTPConnection("balancer", 8000, timeout=10)
connection.request("GET", "/", headers=json.loads(sys.argv[1]))
print(connection.getresponse().read().decode())
"""


class Headers:
    """What a replica got, in which a name may be there several times."""

    def __init__(self, pairs: list[list[str]]) -> None:
        self._pairs = pairs

    def __getitem__(self, wanted: str) -> list[str]:
        """Return every value of a list header (RFC 9110, section 5.3), in one line or in several."""
        lines = [value for name, value in self._pairs if name.lower() == wanted]
        return [value.strip() for line in lines for value in line.split(",")]


class Balancer:
    """A balancer that believes one container, and nobody else."""

    def __init__(self, name: str, port: int, proxy_address: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.proxy_address = proxy_address
        self._name = name

    def replica_gets(self, headers: Mapping[str, str]) -> Headers:
        """Return what arrives of a request that this process sends, a stranger."""
        return Headers(httpx.get(self.url, headers=headers, timeout=TIMEOUT).raise_for_status().json())

    def replica_gets_from_proxy(self, headers: Mapping[str, str]) -> Headers:
        """Return what arrives of a request that the believed container sends."""
        request = ("python", "-c", _REQUEST, json.dumps(headers))
        return Headers(json.loads(docker("exec", f"{self._name}-replica", *request)))

    def log(self) -> str:
        """Return all that it has logged."""
        return docker("logs", self._name)

    def logs(self, line: str) -> bool:
        """Tell whether it logs a line that matches; the engine may get it after the client has its answer."""
        deadline = time.monotonic() + TIMEOUT
        while re.search(line, self.log(), flags=re.MULTILINE) is None:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True


def docker(*arguments: str) -> str:
    return must(run("docker", *arguments))


@contextmanager
def balancing() -> Generator[Balancer]:
    """Build the image and start all of it, under a name of its own; in the end nothing of it is left."""
    name, port = f"todo-api-balancer-{token_hex(4)}", free_port()
    directory = ROOT / "deploy/balancer"
    docker("build", "--quiet", "--tag", name, "--file", str(directory / "Containerfile"), str(directory))
    try:
        docker("network", "create", name)
        # The base of the image has Python. One container is both who is believed and whom the balancer asks.
        replica = ("--network-alias", "api-1", name, "python", "-c", _REPLICA)
        docker("run", "--detach", "--network", name, "--name", f"{name}-replica", *replica)
        proxy_address = _address_of(f"{name}-replica")
        believed = ("--env", f"TRUSTED_PROXIES=192.0.2.0/24, {proxy_address}")
        published = ("--network-alias", "balancer", "--publish", f"127.0.0.1:{port}:8000")
        rights = ("--read-only", "--tmpfs", "/run/haproxy", "--cap-drop", "ALL")
        docker("run", "--detach", "--network", name, "--name", name, *published, *rights, *believed, name)
        balancer = Balancer(name, port, proxy_address)
        _wait_until_it_balances(balancer)
        yield balancer
    finally:
        run("docker", "rm", "--force", "--volumes", name, f"{name}-replica")
        run("docker", "network", "rm", name)
        run("docker", "image", "rm", name)


def _address_of(container: str) -> str:
    return docker("inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", container).strip()


def _wait_until_it_balances(balancer: Balancer) -> None:
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if httpx.get(balancer.url, timeout=TIMEOUT).is_success:
                return
        time.sleep(0.2)
    raise AssertionError(balancer.log())
