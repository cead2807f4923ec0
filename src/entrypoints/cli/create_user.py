"""``todo-api create-user``."""

import sys

import click

from entrypoints.cli.support import run_or_explain, settings_or_exit


@click.command("create-user")
@click.argument("email")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking for it.")
def command(email: str, *, password_stdin: bool) -> None:
    """Open an account for EMAIL."""
    from entrypoints.operating import open_accounts

    settings = settings_or_exit()
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = str(click.prompt("Password", hide_input=True, confirmation_prompt=True))

    async def register() -> int:
        async with open_accounts(settings) as accounts:
            return (await accounts.register(email=email, password=password)).id

    click.echo(f"Account {run_or_explain(register())} was opened.")
