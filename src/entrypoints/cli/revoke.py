"""``todo-api revoke``."""

import click

from domain.authentication.principal_cache import PRINCIPAL_TTL
from domain.authentication.revocation import Revoked
from entrypoints.bootstrap import open_revocation
from entrypoints.cli.support import run_or_explain, settings_or_exit
from entrypoints.settings import Settings

_SECONDS = int(PRINCIPAL_TTL.total_seconds())


@click.command()
@click.option("--all", "is_for_all", is_flag=True, help="Of every account.")
@click.option("--account", "email", metavar="EMAIL", help="Of the account with this e-mail address.")
@click.option("--sessions", is_flag=True, help="Sign out: end the sessions, with their access and refresh tokens.")
@click.option("--tokens", is_flag=True, help="Revoke the API tokens.")
def revoke(*, is_for_all: bool, email: str | None, sessions: bool, tokens: bool) -> None:
    """Take back what gives access: sessions and API tokens, or one of the two.

    For when something was stolen, or came back with a backup. Passwords stay as they are. It can be done while the
    service runs, and again.
    """
    if is_for_all == (email is not None):
        raise click.UsageError("Name either --all or --account EMAIL.")
    is_both = sessions == tokens
    settings = settings_or_exit()
    revoked = run_or_explain(_revoked(settings, email, sessions=sessions or is_both, api_tokens=tokens or is_both))
    click.echo(f"Sessions ended: {revoked.sessions}. API tokens revoked: {revoked.api_tokens}.")
    click.echo(_consequence(revoked, has_redis=settings.redis_url is not None))


async def _revoked(settings: Settings, email: str | None, *, sessions: bool, api_tokens: bool) -> Revoked:
    async with open_revocation(settings) as revocation:
        if email is None:
            return await revocation.revoke_of_everybody(sessions=sessions, api_tokens=api_tokens)
        return await revocation.revoke(email, sessions=sessions, api_tokens=api_tokens)


def _consequence(revoked: Revoked, *, has_redis: bool) -> str:
    """Return from when on the processes that serve refuse what was revoked."""
    if revoked.is_announced:
        return "All processes that serve were told through Redis and refuse them from now on."
    reason = "Redis does not answer" if has_redis else "There is no Redis"
    return f"{reason}: processes that serve accept what they have just seen for up to {_SECONDS} seconds more."
