"""``todo-api secret``."""

from secrets import token_hex

import click

from entrypoints.environment import SHORTEST_JWT_SECRET


@click.command()
def secret() -> None:
    """Print a fresh secret: 64 random bytes, as 128 hexadecimal digits."""
    click.echo(token_hex(SHORTEST_JWT_SECRET))
