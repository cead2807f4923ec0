"""``todo-api serve``."""

import os
import socket
import sys
from typing import NoReturn

import click
from msgspec.structs import replace

from entrypoints.bootstrap import jwt_secret, migrate
from entrypoints.cli.support import explained_errors, run_or_explain, settings_or_exit
from entrypoints.settings import Settings

_SHUTDOWN_GRACE = 30
"""Seconds that requests in flight have to finish, as long as the slowest statement may take."""


@click.command()
@click.option("--host", help="Address to listen on, instead of HOST.")
@click.option("--port", type=click.IntRange(1, 65_535), help="Port to listen on, instead of PORT.")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes that serve, instead of WORKERS.")
def serve(host: str | None, port: int | None, workers: int | None) -> NoReturn:
    """Serve HTTP until told to stop.

    Without DATABASE_URL everything is kept in an SQLite file in DATA_DIR, which is migrated first. A PostgreSQL
    database is not, unless MIGRATE_ON_START is on: run `todo-api migrate` before, once for all replicas. SIGTERM lets
    requests in flight finish.
    """
    settings = settings_or_exit()
    settings = replace(
        settings, host=host or settings.host, port=port or settings.port, workers=workers or settings.workers
    )
    if settings.migrate_on_start:
        run_or_explain(migrate(settings))
    with explained_errors():
        jwt_secret(settings)  # makes it if need be, before the workers start and would all do so
        _require_free_port(settings)
    _become_granian(settings)


def _require_free_port(settings: Settings) -> None:
    """Fail if somebody listens there already: the server would share the port and get every other connection."""
    family, kind, protocol, _, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise click.ClickException(
                f"Cannot listen on {settings.host}, port {settings.port}: {error.strerror}."
            ) from None


def _become_granian(settings: Settings) -> NoReturn:
    """Replace this process by the server, so that signals reach it and nothing stands in between."""
    arguments = [
        *("--interface", "asgi", "--factory", "--no-ws", "--loop", "uvloop"),
        *("--host", settings.host, "--port", str(settings.port), "--workers", str(settings.workers)),
        *("--workers-kill-timeout", str(_SHUTDOWN_GRACE), "--respawn-failed-workers"),
        *("--log-level", settings.log_level),
        "entrypoints.bootstrap:application",
    ]
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "granian", *arguments])  # noqa: S606 - our own interpreter
