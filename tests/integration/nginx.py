"""nginx between its clients and a service, with as much of a configuration as a test says."""

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

from tests.integration.processes import TIMEOUT, free_port, wait_until_it_answers

_CONFIGURATION = """
{user}
daemon off;
worker_processes 1;
pid nginx.pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path bodies;
    proxy_temp_path proxied;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {{
        listen 127.0.0.1:{port};
        {server}
    }}
}}
"""


@contextmanager
def proxying(home: Path, server: str) -> Generator[str]:
    """Start nginx with these lines for its server, and yield its URL as soon as it answers."""
    port, log, configuration = free_port(), home / "nginx.log", home / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""  # whose directory this is
    configuration.write_text(_CONFIGURATION.format(user=user, port=port, server=server), encoding="utf-8")
    command = ["nginx", "-p", str(home), "-c", str(configuration), "-e", str(log)]
    with log.open("wb") as output, Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output) as process:  # noqa: S603 - as the test says
        url = f"http://127.0.0.1:{port}"
        try:
            wait_until_it_answers(url, process.poll, lambda: log.read_text(encoding="utf-8"))
            yield url
        finally:
            process.terminate()
            process.wait(TIMEOUT)
