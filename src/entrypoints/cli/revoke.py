"""``todo-api revoke``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from entrypoints.cli.support import run_or_explain, settings_or_exit

if TYPE_CHECKING:
    from domain.authentication.revocation import Revoked
    from entrypoints.settings import Settings


@click.command("revoke")
@click.option("--all", "is_for_all", is_flag=True, help="Of every account.")
@click.option("--account", "email", metavar="EMAIL", help="Of the account with this e-mail address.")
@click.option("--sessions", is_flag=True, help="Sign out: end the sessions, with their access and refresh tokens.")
@click.option("--tokens", is_flag=True, help="Revoke the API tokens.")
def command(*, is_for_all: bool, email: str | None, sessions: bool, tokens: bool) -> None:
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
    from entrypoints.operating import open_revocation

    async with open_revocation(settings) as revocation:
        if email is None:
            return await revocation.revoke_of_everybody(sessions=sessions, api_tokens=api_tokens)
        return await revocation.revoke(email, sessions=sessions, api_tokens=api_tokens)


def _consequence(revoked: Revoked, *, has_redis: bool) -> str:
    """Return from when on the processes that serve refuse what was revoked."""
    if revoked.is_announced:
        return "All processes that serve were told through Redis and refuse them from now on."
    from domain.authentication.principal_cache import PRINCIPAL_TTL

    seconds = int(PRINCIPAL_TTL.total_seconds())
    reason = "Redis does not answer" if has_redis else "There is no Redis"
    return f"{reason}: processes that serve accept what they have just seen for up to {seconds} seconds more."
