"""What a session is.

A session is a family of refresh tokens of which only the newest is good (RFC 9700, section 4.14.2). A refresh token
has two secret halves: the first names the family for as long as it lives, the second changes with each use. Whoever
presents a right first half with a second half that is not the current one has used a token twice, or has stolen it,
and the family ends. So one row a session is enough to recognise every token it ever had.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from domain.clock import Instant

REFRESH_TOKEN_PREFIX = "todo_refresh_"  # noqa: S105 - a public prefix, by which scanners recognise leaked tokens
_SEPARATOR = "."

REFRESH_TOKEN_LIFETIME = timedelta(days=30)
"""How long a session lives when it is not used."""

MAX_SESSION_LIFETIME = timedelta(days=90)
"""How long a session lives however much it is used: then the password is asked for again (OWASP ASVS 5.0, 7.3.2)."""


class NewSession(Struct, frozen=True, kw_only=True):
    """A session about to be stored; of its refresh token only digests are."""

    family_digest: str
    token_digest: str
    user_agent: str | None
    created_at: datetime
    expires_at: datetime


class Session(Struct, frozen=True, kw_only=True):
    """A sign-in that is still good, as its owner sees it."""

    id: int
    user_agent: str | None
    created_at: Instant
    last_used_at: Instant
    expires_at: Instant


class Family(Struct, frozen=True, kw_only=True):
    """The state of a session's refresh tokens."""

    session_id: int
    account_id: int
    token_digest: str
    previous_digest: str | None
    created_at: datetime
    rotated_at: datetime
    expires_at: datetime

    def is_over(self, at: datetime) -> bool:
        """Tell whether the session has expired, from not being used or from old age."""
        return at >= min(self.expires_at, self.created_at + MAX_SESSION_LIFETIME)

    def prolonged(self, at: datetime) -> datetime:
        """Return when the session expires if it is used at ``at``."""
        return min(at + REFRESH_TOKEN_LIFETIME, self.created_at + MAX_SESSION_LIFETIME)


class TokenPair(Struct, frozen=True, kw_only=True):
    """What signing in gives; ``expires_in`` is the lifetime of the access token in seconds (RFC 6749, section 5.1)."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str


class RefreshToken(Struct, frozen=True):
    """The two halves of a refresh token."""

    family: str
    secret: str

    @classmethod
    def parse(cls, text: str) -> "RefreshToken | None":
        """Return the halves of a token, or ``None`` if it does not look like one."""
        if not text.startswith(REFRESH_TOKEN_PREFIX) or not text.isascii():
            return None
        family, separator, secret = text.removeprefix(REFRESH_TOKEN_PREFIX).partition(_SEPARATOR)
        return cls(family, secret) if separator and family and secret else None

    def __str__(self) -> str:
        return f"{REFRESH_TOKEN_PREFIX}{self.family}{_SEPARATOR}{self.secret}"
