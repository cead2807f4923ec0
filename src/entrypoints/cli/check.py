"""``todo-api check``."""

import sys
from typing import cast

import click
from msgspec.structs import asdict

from entrypoints.cli.support import explained_errors, read_settings_or_exit, run_or_explain
from entrypoints.databases.registry import database_of
from entrypoints.deployment.findings import Finding, Level
from entrypoints.environment import Secret
from entrypoints.settings import Settings

_COLOURS = {Level.OK: "green", Level.WARNING: "yellow", Level.ERROR: "red"}


@click.command("check")
@click.option("--deploy", is_flag=True, help="Go through the deployment checklist; exit status 1 if there are errors.")
@click.option("--url", help="Where the service answers, instead of PUBLIC_URL or HOST and PORT. With --deploy.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document. With --deploy.")
def command(*, deploy: bool, url: str | None, as_json: bool) -> None:
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
    import asyncio

    import msgspec

    from entrypoints.deployment.checklist import checklist
    from entrypoints.deployment.gathering import gather
    from entrypoints.variables import variables_of_environment

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
    settings = read_settings_or_exit()
    values = asdict(settings)
    width = max(map(len, values)) + 1
    for name, value in values.items():
        click.echo(f"{name.upper():{width}}{_shown(value)}")
    found = _problems(settings)
    click.echo(f"{'Database':{width}}{database_of(settings)}: {' '.join(found) or 'ready.'}")
    if found:
        sys.exit(1)


def _problems(settings: Settings) -> list[str]:
    if database_of(settings).is_missing():
        return ["There is no such file yet; `todo-api serve` or `todo-api migrate` makes it."]
    from entrypoints.observability.logs import configure_logs
    from entrypoints.operating import database_problems

    configure_logs(settings)
    return run_or_explain(database_problems(settings))


def _shown(value: object) -> str:
    """Return a setting as an operator may see it."""
    if isinstance(value, Secret):
        return "***"
    if isinstance(value, tuple):
        return ", ".join(map(str, cast("tuple[object, ...]", value))) or "none"
    return "not set" if value is None else str(value)
