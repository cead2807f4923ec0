"""The command line: ``todo-api``. A command is loaded when it is asked for, and what it works with when it runs."""

import os
from importlib import import_module

import click

COMMANDS = ("serve", "migrate", "create-user", "revoke", "check", "secret", "backup", "restore")
"""In the order in which they are needed; each is ``command`` in the module of this package that is named like it."""


class _Commands(click.Group):
    """Finds the commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return their names."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        return import_module(f"{__package__}.{cmd_name.replace('-', '_')}").command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="todo-api", prog_name="todo-api")
def main() -> None:
    """Run and look after a to-do service.

    Settings are read from environment variables, and from a file .env in the working directory. `todo-api check` shows
    them; the README says what they mean. A secret can also stand in a file: JWT_SECRET_FILE, DATABASE_URL_FILE, ...
    """
    os.umask(0o077)  # what is written holds hashes of passwords and belongs to nobody else
