"""``todo-api check``."""

import sys
from typing import cast

import click
from msgspec.structs import asdict

from entrypoints.bootstrap import open_database, problems_of
from entrypoints.cli.support import run_or_explain, settings_or_exit
from entrypoints.environment import Secret


@click.command()
def check() -> None:
    """Show the settings, secrets hidden, and whether the database can be used."""
    settings = settings_or_exit()
    for name, value in asdict(settings).items():
        click.echo(f"{name.upper():14} {_shown(value)}")
    database = "PostgreSQL" if settings.database_url else f"SQLite in {settings.sqlite_path}"

    async def problems() -> list[str]:
        if settings.database_url is None and not settings.sqlite_path.exists():
            return ["There is no such file yet; `todo-api serve` or `todo-api migrate` makes it."]
        async with open_database(settings) as opened:
            return await problems_of(opened)

    found = run_or_explain(problems())
    click.echo(f"{'Database':14} {database}: {' '.join(found) or 'ready.'}")
    if found:
        sys.exit(1)


def _shown(value: object) -> str:
    """Return a setting as an operator may see it."""
    if isinstance(value, Secret):
        return "***"
    if isinstance(value, tuple):
        return ", ".join(map(str, cast("tuple[object, ...]", value))) or "none"
    return "not set" if value is None else str(value)
