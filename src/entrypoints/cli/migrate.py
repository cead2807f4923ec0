"""``todo-api migrate``."""

import click

from entrypoints.cli.support import run_or_explain, settings_or_exit
from entrypoints.databases.registry import database_of


@click.command("migrate", context_settings={"ignore_unknown_options": True})  # -1 is none
@click.argument("revision", default="head")
def command(revision: str) -> None:
    """Bring the database to the schema of this version.

    REVISION is where else to go: +1 and -1 are the next and the one before, base is the beginning. Many may start
    this at once: one does the work, the others wait for it. A database that a later version migrated stays as it is.
    """
    database = database_of(settings_or_exit())
    ahead = run_or_explain(database.migrate(revision))
    if ahead:
        click.echo(f"The database is at {ahead}, ahead of this version; nothing is to be done.")
    else:
        click.echo(f"The database is at {'the newest schema' if revision == 'head' else revision}.")
