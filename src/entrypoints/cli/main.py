"""The command line: ``todo-api``."""

import os

import click

from entrypoints.cli.backup import backup_command, restore_command
from entrypoints.cli.check import check
from entrypoints.cli.database import create_user, migrate_command
from entrypoints.cli.revoke import revoke
from entrypoints.cli.secret import secret
from entrypoints.cli.serve import serve
from entrypoints.http.meta import VERSION

_COMMANDS = (serve, migrate_command, create_user, revoke, check, secret, backup_command, restore_command)
"""In the order in which they are needed."""


class _Commands(click.Group):
    """Lists the commands in the order in which they are needed, not by the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return their names."""
        del ctx
        return list(self.commands)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="todo-api")
def main() -> None:
    """Run and look after a to-do service.

    Settings are read from environment variables, and from a file .env in the working directory. `todo-api check` shows
    them; the README says what they mean. A secret can also stand in a file: JWT_SECRET_FILE, DATABASE_URL_FILE, ...
    """
    os.umask(0o077)  # what is written holds hashes of passwords and belongs to nobody else


for _command in _COMMANDS:
    main.add_command(_command)
