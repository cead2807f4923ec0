"""The command line: ``todo-api``."""

import asyncio
import os
import socket
import sys
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar, cast

import click
from msgspec.structs import asdict, replace

from domain.errors import DomainError
from entrypoints.bootstrap import (
    jwt_secret,
    migrate,
    open_database,
    open_services,
    problems_of,
    settings_from_environment,
)
from entrypoints.http.meta import VERSION
from entrypoints.logs import configure_logs
from entrypoints.settings import Secret, Settings, SettingsError

_SHUTDOWN_GRACE = 30
"""Seconds that requests in flight have to finish, as long as the slowest statement may take."""

_Result = TypeVar("_Result")


class _Commands(click.Group):
    """Lists the commands in the order in which they are needed, not by the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return their names."""
        del ctx
        return ["serve", "migrate", "create-user", "check"]


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="todo-api")
def main() -> None:
    """Run and look after a to-do service.

    Settings are read from environment variables, and from a file .env in the working directory: HOST, PORT, WORKERS,
    DATA_DIR, DATABASE_URL, REDIS_URL, JWT_SECRET, ENVIRONMENT, DEBUG, LOG_LEVEL, CORS_ORIGINS and ALLOWED_HOSTS.
    A secret can also stand in the file that DATABASE_URL_FILE, REDIS_URL_FILE or JWT_SECRET_FILE names.
    """
    os.umask(0o077)  # what is written holds hashes of passwords and belongs to nobody else


@main.command()
@click.option("--host", help="Address to listen on, instead of HOST.")
@click.option("--port", type=click.IntRange(1, 65_535), help="Port to listen on, instead of PORT.")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes that serve, instead of WORKERS.")
def serve(host: str | None, port: int | None, workers: int | None) -> NoReturn:
    """Serve HTTP until told to stop.

    Without DATABASE_URL everything is kept in an SQLite file in DATA_DIR, which is migrated first. A PostgreSQL
    database is not: run `todo-api migrate` before, once for all replicas. SIGTERM lets requests in flight finish.
    """
    settings = _settings()
    settings = replace(
        settings, host=host or settings.host, port=port or settings.port, workers=workers or settings.workers
    )
    if settings.database_url is None:
        _run_or_explain(migrate(settings))
    with _explained_errors():
        jwt_secret(settings)  # makes it if need be, before the workers start and would all do so
        _require_free_port(settings)
    _become_granian(settings)


@main.command("migrate", context_settings={"ignore_unknown_options": True})  # -1 is none
@click.argument("revision", default="head")
def migrate_command(revision: str) -> None:
    """Bring the database to the schema of this version.

    REVISION is where else to go: +1 and -1 are the next and the one before, base is the beginning. Many may start
    this at once: one does the work, the others wait for it.
    """
    settings = _settings()
    _run_or_explain(migrate(settings, revision))
    click.echo(f"The database is at {'the newest schema' if revision == 'head' else revision}.")


@main.command("create-user")
@click.argument("email")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking for it.")
def create_user(email: str, *, password_stdin: bool) -> None:
    """Open an account for EMAIL."""
    settings = _settings()
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = str(click.prompt("Password", hide_input=True, confirmation_prompt=True))

    async def register() -> int:
        async with open_services(settings) as services:
            return (await services.accounts.register(email=email, password=password)).id

    click.echo(f"Account {_run_or_explain(register())} was opened.")


@main.command()
def check() -> None:
    """Show the settings, secrets hidden, and whether the database can be used."""
    settings = _settings()
    for name, value in asdict(settings).items():
        click.echo(f"{name.upper():14} {_shown(value)}")
    database = "PostgreSQL" if settings.database_url else f"SQLite in {settings.sqlite_path}"

    async def problems() -> list[str]:
        if settings.database_url is None and not settings.sqlite_path.exists():
            return ["There is no such file yet; `todo-api serve` or `todo-api migrate` makes it."]
        async with open_database(settings) as opened:
            return await problems_of(opened)

    found = _run_or_explain(problems())
    click.echo(f"{'Database':14} {database}: {' '.join(found) or 'ready.'}")
    if found:
        sys.exit(1)


def _settings() -> Settings:
    """Read the settings, or say everything that is wrong with them and stop."""
    try:
        settings = settings_from_environment()
    except SettingsError as error:
        click.echo("The settings cannot be used:", err=True)
        for problem in error.problems:
            click.echo(f"  - {problem}", err=True)
        sys.exit(2)
    configure_logs(settings)
    return settings


def _shown(value: object) -> str:
    """Return a setting as an operator may see it."""
    if isinstance(value, Secret):
        return "***"
    if isinstance(value, tuple):
        return ", ".join(map(str, cast("tuple[object, ...]", value))) or "none"
    return "not set" if value is None else str(value)


def _run_or_explain(work: Coroutine[Any, Any, _Result]) -> _Result:
    with _explained_errors():
        return asyncio.run(work)


@contextmanager
def _explained_errors() -> Generator[None]:
    """Turn what was to be expected into a sentence instead of a traceback."""
    try:
        yield
    except SettingsError as error:
        raise click.ClickException(" ".join(error.problems)) from None
    except DomainError as error:
        raise click.ClickException(error.detail) from None
    except OSError as error:
        raise click.ClickException(f"It cannot be reached or written: {error}") from None


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
