"""``todo-api migrate`` and ``todo-api create-user``."""

import sys

import click

from entrypoints.bootstrap import migrate, open_services
from entrypoints.cli.support import run_or_explain, settings_or_exit


@click.command("migrate", context_settings={"ignore_unknown_options": True})  # -1 is none
@click.argument("revision", default="head")
def migrate_command(revision: str) -> None:
    """Bring the database to the schema of this version.

    REVISION is where else to go: +1 and -1 are the next and the one before, base is the beginning. Many may start
    this at once: one does the work, the others wait for it. A database that a later version migrated stays as it is.
    """
    settings = settings_or_exit()
    ahead = run_or_explain(migrate(settings, revision))
    if ahead:
        click.echo(f"The database is at {ahead}, ahead of this version; nothing is to be done.")
    else:
        click.echo(f"The database is at {'the newest schema' if revision == 'head' else revision}.")


@click.command("create-user")
@click.argument("email")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking for it.")
def create_user(email: str, *, password_stdin: bool) -> None:
    """Open an account for EMAIL."""
    settings = settings_or_exit()
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = str(click.prompt("Password", hide_input=True, confirmation_prompt=True))

    async def register() -> int:
        async with open_services(settings) as services:
            return (await services.accounts.register(email=email, password=password)).id

    click.echo(f"Account {run_or_explain(register())} was opened.")
