"""Bearer tokens that were recently looked up."""

from datetime import datetime, timedelta

from msgspec import Struct

from domain.authentication.ports import Revocations
from domain.authentication.principal import Principal

PRINCIPAL_TTL = timedelta(seconds=30)
"""How long a token is trusted before the store is asked again whether it was revoked."""


class _Entry(Struct, frozen=True):
    principal: Principal
    since: datetime
    until: datetime


class PrincipalCache:
    """A bounded memory of who a bearer token belongs to.

    It saves the signature check and the look-up for nearly every request. What is revoked through this process is
    forgotten at once. The price: what is revoked through another one is forgotten when ``revocations`` bring the news,
    and still accepted here for up to ``PRINCIPAL_TTL`` if there are none, or if they fail.
    """

    def __init__(self, *, revocations: Revocations | None = None, capacity: int = 10_000) -> None:
        self._revocations = revocations
        self._capacity = capacity
        self._entries: dict[str, _Entry] = {}
        self._generation = 0

    def get(self, bearer: str, *, at: datetime) -> Principal | None:
        """Return whose token it is, if that is remembered and still to be trusted.

        A clock that was set back must not prolong that: before its beginning, nothing is trusted.
        """
        entry = self._entries.get(bearer)
        return entry.principal if entry is not None and entry.since <= at < entry.until else None

    def generation(self) -> int:
        """Return a number that changes whenever something is forgotten; take it before looking a token up."""
        return self._generation

    def put(
        self, bearer: str, principal: Principal, *, at: datetime, expires_at: datetime | None, generation: int
    ) -> None:
        """Trust the token for a while, at most until it expires.

        Nothing is remembered if something was forgotten since ``generation``: the look-up may be older than that.
        """
        if generation != self._generation:
            return
        self._entries.pop(bearer, None)
        if len(self._entries) >= self._capacity:
            del self._entries[next(iter(self._entries))]
        until = at + PRINCIPAL_TTL
        self._entries[bearer] = _Entry(principal, at, until if expires_at is None else min(until, expires_at))

    async def invalidate(self, account_id: int) -> None:
        """Look every token of the account up again at its next use, here and in the other processes."""
        self.evict(account_id)
        if self._revocations is not None:
            await self._revocations.announce(account_id)

    def evict(self, account_id: int) -> None:
        """Look every token of the account up again at its next use, in this process only."""
        self._generation += 1
        self._entries = {
            bearer: entry for bearer, entry in self._entries.items() if entry.principal.account_id != account_id
        }

    def evict_all(self) -> None:
        """Look every token up again at its next use, in this process only."""
        self._generation += 1
        self._entries = {}
