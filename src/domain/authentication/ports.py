"""What signing in needs of the outside."""

from datetime import datetime
from typing import Protocol

from msgspec import Struct


class AccessClaims(Struct, frozen=True, kw_only=True):
    """What an access token says (RFC 7519): ``sub``, ``iat``, ``exp``, and of its session the id and the beginning.

    An id alone is not enough: once a backup is restored, the ids that were given out since are given out again.
    """

    account_id: int
    session_id: int
    started_at: datetime
    issued_at: datetime
    expires_at: datetime


class Revocations(Protocol):
    """Tells the other processes of the service what this one revoked."""

    async def announce(self, account_id: int) -> None:
        """Make the others look up every token of the account again, as soon as they can be reached.

        It waits until that is said, so that whoever is told that something was revoked finds it so everywhere; but for
        a moment only, because it may take as long as it likes to reach them.
        """
        ...

    async def broadcast(self, account_id: int | None) -> bool:
        """Make them look up every token of the account again, of all accounts for ``None``; tell whether that went out.

        It may wait, for a bounded time.
        """
        ...


class AccessTokens(Protocol):
    """Signed, self-contained access tokens."""

    def issue(self, claims: AccessClaims) -> str:
        """Return a token that nobody else can make."""
        ...

    def read(self, token: str) -> AccessClaims:
        """Return what a token says, in whatever year it was issued: the clock is the caller's.

        :raises Unauthenticated: if the signature, the issuer, the audience or the form is wrong.
        """
        ...


class Secrets(Protocol):
    """Random secrets, and what is stored in their place."""

    def new(self) -> str:
        """Return a secret of 256 random bits that is safe in a URL."""
        ...

    def successor(self, secret: str) -> str:
        """Return the secret that follows ``secret``: always the same one, and nobody else can tell which."""
        ...

    def digest(self, secret: str) -> str:
        """Return what is stored: the secret cannot be found from it. Random secrets need no salt."""
        ...

    def pseudonym(self, text: str) -> str:
        """Return what can stand in place of something that can be guessed: nobody else can find out of what."""
        ...
