"""``todo-api secret``."""

from secrets import token_hex

import click

from entrypoints.environment import MIN_JWT_SECRET_BYTES


@click.command("secret")
def command() -> None:
    """Print a fresh secret: 64 random bytes, as 128 hexadecimal digits."""
    click.echo(token_hex(MIN_JWT_SECRET_BYTES))
