"""``todo-api serve``."""

import logging
import os
import socket
import sys
from typing import NoReturn

import click
from msgspec.structs import replace

from entrypoints.cli.support import explained_errors, run_or_explain, settings_or_exit
from entrypoints.connections.capacity import MAX_CONNECTIONS, allowed_connections
from entrypoints.databases.registry import database_of
from entrypoints.settings import Settings
from entrypoints.signing_secret import jwt_secret
from entrypoints.urls import http_url

_DOCS = "/schema"
"""The path of the documentation."""

_SHUTDOWN_GRACE = 30
"""Seconds at the least that requests in flight have to finish, as long as the slowest statement may take."""

_HEADER_TIMEOUT = 10
"""Seconds in which the head of a request must arrive, and after which a silent connection is closed."""

_PROXY_HEADER_TIMEOUT = 60
"""Seconds, likewise: proxies wait for slow clients themselves, and keep connections for as long as a minute, in which
they would meet one that is being closed."""

_MAX_HEADER_SIZE = 32 * 1_024
"""Bytes for the request line and all header lines; four times as many as browsers and tokens need.

What arrives at once is read at once, so that up to half as many again may pass. Header lines may be 100, which the
server does not let us choose."""


_log = logging.getLogger(__name__)


@click.command("serve")
@click.option("--host", help="Address to listen on, instead of HOST.")
@click.option("--port", type=click.IntRange(1, 65_535), help="Port to listen on, instead of PORT.")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes that serve, instead of WORKERS.")
def command(host: str | None, port: int | None, workers: int | None) -> NoReturn:
    """Serve HTTP until told to stop.

    Without DATABASE_URL everything is kept in an SQLite file in DATA_DIR, which is migrated first. A PostgreSQL
    database is not, unless MIGRATE_ON_START is on: run `todo-api migrate` before, once for all replicas. SIGTERM lets
    requests in flight finish.
    """
    from entrypoints.observability.metrics_directory import VARIABLE, make_metrics_directory

    settings = settings_or_exit()
    settings = replace(
        settings, host=host or settings.host, port=port or settings.port, workers=workers or settings.workers
    )
    database = database_of(settings)
    if settings.migrate_on_start:
        run_or_explain(database.migrate())
    with explained_errors():
        jwt_secret(settings)  # makes it if need be, before the workers start and would all do so
        _require_free_port(settings.host, settings.port)
        if settings.metrics_port is not None:
            _require_free_port(settings.metrics_host, settings.metrics_port)
            os.environ[VARIABLE] = str(make_metrics_directory())
    url = http_url(settings.host, settings.port)
    _log.info("Serving %s, with documentation at %s; the data is in %s", url, url + _DOCS, database)
    _become_granian(settings)


def _require_free_port(host: str, port: int) -> None:
    """Fail if somebody listens there already: the server would share the port and get every other connection."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise click.ClickException(f"Cannot listen on {host}, port {port}: {error.strerror}.") from None


def _become_granian(settings: Settings) -> NoReturn:
    """Replace this process by the server, so that signals reach it and nothing stands in between."""
    from entrypoints.observability.logs import server_log_config

    connections = allowed_connections()
    header_timeout = (
        _PROXY_HEADER_TIMEOUT if settings.trusted_proxies else min(_HEADER_TIMEOUT, settings.request_timeout)
    )
    arguments = [
        *("--interface", "asgi", "--factory", "--no-ws", "--loop", "uvloop"),
        # HTTP/2 is for TLS, which ends before us; and until its first byte, a connection would have no time limit.
        *("--http", "1"),
        *("--http1-header-read-timeout", str(header_timeout * 1_000), "--http1-buffer-size", str(_MAX_HEADER_SIZE)),
        *("--backlog", str(MAX_CONNECTIONS), "--backpressure", str(connections)),
        *("--host", settings.host, "--port", str(settings.port), "--workers", str(settings.workers)),
        *("--workers-kill-timeout", str(max(_SHUTDOWN_GRACE, settings.request_timeout)), "--respawn-failed-workers"),
        *("--log-level", settings.log_level, "--log-config", str(server_log_config(settings.environment))),
        "entrypoints.serving:application",
    ]
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "granian", *arguments])  # noqa: S606 - our own interpreter
