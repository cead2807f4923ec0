"""Access tokens as JSON Web Tokens (RFC 7519), signed with HMAC-SHA256."""

import re
from datetime import UTC, datetime, timedelta
from secrets import token_urlsafe
from typing import Annotated, Any

import jwt
import msgspec
from msgspec import Meta, Struct

from domain.authentication.ports import AccessClaims
from domain.errors import Unauthenticated

_ALGORITHM = "HS256"
_HEADER = {"alg": _ALGORITHM, "typ": "JWT"}
_MAX_ID = 2**63 - 1
_EPOCH = datetime.fromtimestamp(0, UTC)
_MICROSECOND = timedelta(microseconds=1)

_FORM = re.compile(r"[A-Za-z0-9_-]{1,200}\.[A-Za-z0-9_-]{1,1000}\.[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
"""Three parts in base64url, of a bounded length. The last letter of 32 bytes carries four bits: a decoder that
overlooks the other two would take four spellings of a signature for the same one."""


class _Claims(Struct, frozen=True):
    """What must stand in a token, and of which types. ``sst`` is when the session started, in microseconds."""

    sub: Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,18}\Z")]
    sid: Annotated[int, Meta(ge=1, le=_MAX_ID)]
    sst: int
    jti: str
    iat: int
    exp: int


class JwtAccessTokens:
    """Implements ``domain.authentication.ports.AccessTokens``.

    The header is pinned: what a token claims of its algorithm, its key or where to find one is not believed, it is
    refused (RFC 8725, sections 3.1 and 3.10).
    """

    def __init__(self, secret: str, *, issuer: str = "todo-api", audience: str = "todo-api") -> None:
        self._secret = secret
        self._issuer = issuer
        self._audience = audience

    def issue(self, claims: AccessClaims) -> str:
        """See the port."""
        return jwt.encode(  # pyright: ignore[reportUnknownMemberType] - of keys we do not use
            {
                "iss": self._issuer,
                "aud": self._audience,
                "sub": str(claims.account_id),
                "sid": claims.session_id,
                "sst": (claims.started_at - _EPOCH) // _MICROSECOND,
                "jti": token_urlsafe(16),
                "iat": int(claims.issued_at.timestamp()),
                "exp": int(claims.expires_at.timestamp()),
            },
            self._secret,
            algorithm=_ALGORITHM,
        )

    def read(self, token: str) -> AccessClaims:
        """See the port."""
        try:
            claims = self._claims(token)
            return AccessClaims(
                account_id=_to_id(claims.sub),
                session_id=claims.sid,
                started_at=_EPOCH + claims.sst * _MICROSECOND,
                issued_at=datetime.fromtimestamp(claims.iat, UTC),
                expires_at=datetime.fromtimestamp(claims.exp, UTC),
            )
        except (jwt.InvalidTokenError, msgspec.ValidationError, ValueError, OverflowError, OSError):
            raise Unauthenticated("The access token is not valid.") from None

    def _claims(self, token: str) -> _Claims:
        if not _FORM.fullmatch(token):
            raise ValueError
        decoded: dict[str, Any] = jwt.decode_complete(  # pyright: ignore[reportUnknownMemberType] - see above
            token,
            self._secret,
            algorithms=[_ALGORITHM],
            issuer=self._issuer,
            audience=self._audience,
            # The times are compared by the domain, whose clock is not this machine's.
            options={"strict_aud": True, "verify_exp": False, "verify_iat": False},
        )
        if decoded["header"] != _HEADER:
            raise ValueError
        return msgspec.convert(decoded["payload"], _Claims)


def _to_id(subject: str) -> int:
    if int(subject) > _MAX_ID:
        raise ValueError
    return int(subject)
