"""Bearer tokens that were recently looked up."""

from datetime import datetime, timedelta

from msgspec import Struct

from domain.authentication.principal import Principal

TRUST = timedelta(seconds=30)
"""How long a token is trusted before the store is asked again whether it was revoked."""


class _Entry(Struct, frozen=True):
    principal: Principal
    until: datetime


class RecentPrincipals:
    """A bounded memory of who a bearer token belongs to.

    It saves the signature check and the look-up for nearly every request. The price: a session or an API token that
    is revoked through another process is still accepted here for up to ``TRUST``. What is revoked through this
    process is forgotten at once.
    """

    def __init__(self, *, capacity: int = 10_000) -> None:
        self._capacity = capacity
        self._entries: dict[str, _Entry] = {}
        self._forgotten = 0

    def get(self, bearer: str, *, at: datetime) -> Principal | None:
        """Return whose token it is, if that is remembered and still to be trusted."""
        entry = self._entries.get(bearer)
        return entry.principal if entry is not None and at < entry.until else None

    def generation(self) -> int:
        """Return a number that changes whenever something is forgotten; take it before looking a token up."""
        return self._forgotten

    def remember(
        self, bearer: str, principal: Principal, *, at: datetime, expires_at: datetime | None, generation: int
    ) -> None:
        """Trust the token for a while, at most until it expires.

        Nothing is remembered if something was forgotten since ``generation``: the look-up may be older than that.
        """
        if generation != self._forgotten:
            return
        self._entries.pop(bearer, None)
        if len(self._entries) >= self._capacity:
            del self._entries[next(iter(self._entries))]
        until = at + TRUST
        self._entries[bearer] = _Entry(principal, until if expires_at is None else min(until, expires_at))

    def forget(self, account_id: int) -> None:
        """Look every token of the account up again at its next use."""
        self._forgotten += 1
        self._entries = {
            bearer: entry for bearer, entry in self._entries.items() if entry.principal.account_id != account_id
        }
