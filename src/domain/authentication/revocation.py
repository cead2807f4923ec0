"""Taking back, at once, what gives access: what an operator does when something was stolen."""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from domain.accounts.lookup import credentials_of
from domain.authentication.ports import Revocations
from domain.errors import NotFound
from domain.store import Store

_BATCH_SIZE = 1_000
"""Rows that one statement removes: the locks of others are not waited for long, nor do they wait long for ours."""


class Revoked(Struct, frozen=True, kw_only=True):
    """How many sessions ended, and how many API tokens are good no more.

    ``is_announced`` tells whether the processes of the service were told; if not, they find out by themselves, within
    ``domain.authentication.principal_cache.PRINCIPAL_TTL``.
    """

    sessions: int
    api_tokens: int
    is_announced: bool


class RevocationService:
    """Ends sessions, with their refresh and access tokens, and revokes API tokens.

    The store comes first: who is told looks there. Whatever interrupts it, it can be done again.
    """

    def __init__(self, store: Store, *, revocations: Revocations | None) -> None:
        self._store = store
        self._revocations = revocations

    async def revoke(self, email: str, *, sessions: bool, api_tokens: bool) -> Revoked:
        """Take back what gives access to the account of that address.

        :raises NotFound: if nobody has it.
        """
        credentials = await credentials_of(self._store.accounts, email)
        if credentials is None:
            raise NotFound("There is no account with this e-mail address.")
        owner_id = credentials.account_id
        return Revoked(
            sessions=await self._store.sessions.remove_all(owner_id=owner_id) if sessions else 0,
            api_tokens=await self._store.api_tokens.remove_all(owner_id=owner_id) if api_tokens else 0,
            is_announced=await self._broadcast(owner_id),
        )

    async def revoke_of_everybody(self, *, sessions: bool, api_tokens: bool) -> Revoked:
        """Take back what gives access to any account."""
        return Revoked(
            sessions=await _until_none_is_left(self._store.sessions.remove_of_everybody) if sessions else 0,
            api_tokens=await _until_none_is_left(self._store.api_tokens.remove_of_everybody) if api_tokens else 0,
            is_announced=await self._broadcast(None),
        )

    async def _broadcast(self, account_id: int | None) -> bool:
        return self._revocations is not None and await self._revocations.broadcast(account_id)


async def _until_none_is_left(remove: Callable[..., Awaitable[int]]) -> int:
    total = 0
    while removed := await remove(limit=_BATCH_SIZE):
        total += removed
    return total
