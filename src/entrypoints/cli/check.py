"""``todo-api check``."""

import asyncio
import sys
from typing import cast

import click
import msgspec
from msgspec.structs import asdict

from entrypoints.bootstrap import open_database, problems_of, variables_of_environment
from entrypoints.cli.support import explained_errors, run_or_explain, settings_or_exit
from entrypoints.deployment.checklist import checklist
from entrypoints.deployment.findings import Finding, Level
from entrypoints.deployment.gathering import gather
from entrypoints.environment import Secret

_COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.ERROR: "red"}


@click.command()
@click.option("--deploy", is_flag=True, help="Go through the deployment checklist; exit status 1 if there are errors.")
@click.option("--url", help="Where the service answers, instead of PUBLIC_URL or HOST and PORT. With --deploy.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document. With --deploy.")
def check(*, deploy: bool, url: str | None, as_json: bool) -> None:
    """Show the settings, secrets hidden, and whether the database can be used.

    With --deploy: is this service ready for the internet? One line for each item of the checklist says how it stands,
    why, and how to mend it. Run it where the service runs, with its settings, while it runs.
    """
    if deploy:
        _check_deployment(url, as_json=as_json)
    elif url or as_json:
        raise click.UsageError("--url and --json go with --deploy.")
    else:
        _show_settings()


def _check_deployment(url: str | None, *, as_json: bool) -> None:
    with explained_errors():
        facts = asyncio.run(gather(variables_of_environment(), url=url and url.rstrip("/")))
    findings = checklist(facts)
    errors = sum(finding.level is Level.ERROR for finding in findings)
    if as_json:
        document = {"ready": errors == 0, "findings": findings}
        click.echo(msgspec.json.format(msgspec.json.encode(document)))
    else:
        for finding in findings:
            click.echo(_line(finding))
        click.echo(f"{errors} of {len(findings)} items keep this from being ready." if errors else "Ready.")
    if errors:
        sys.exit(1)


def _line(finding: Finding) -> str:
    level = click.style(f"{finding.level:8}", fg=_COLOURS[finding.level])
    return f"{level}{finding.item:18}{finding.why}{f' -> {finding.remedy}' if finding.remedy else ''}"


def _show_settings() -> None:
    settings = settings_or_exit()
    values = asdict(settings)
    width = max(map(len, values)) + 1
    for name, value in values.items():
        click.echo(f"{name.upper():{width}}{_shown(value)}")
    database = "PostgreSQL" if settings.database_url else f"SQLite in {settings.sqlite_path}"

    async def problems() -> list[str]:
        if settings.database_url is None and not settings.sqlite_path.exists():
            return ["There is no such file yet; `todo-api serve` or `todo-api migrate` makes it."]
        async with open_database(settings) as opened:
            return await problems_of(opened)

    found = run_or_explain(problems())
    click.echo(f"{'Database':{width}}{database}: {' '.join(found) or 'ready.'}")
    if found:
        sys.exit(1)


def _shown(value: object) -> str:
    """Return a setting as an operator may see it."""
    if isinstance(value, Secret):
        return "***"
    if isinstance(value, tuple):
        return ", ".join(map(str, cast("tuple[object, ...]", value))) or "none"
    return "not set" if value is None else str(value)
