"""Access tokens as JSON Web Tokens (RFC 7519), signed with HMAC-SHA256."""

from datetime import UTC, datetime
from secrets import token_urlsafe

import jwt

from domain.authentication.ports import AccessClaims
from domain.errors import Unauthenticated

_ALGORITHM = "HS256"
_LARGEST_ID = 2**63 - 1


class JwtAccessTokens:
    """Implements ``domain.authentication.ports.AccessTokens``.

    The algorithm is pinned: what the header of a token claims is not believed (RFC 8725, section 3.1).
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
            claims = jwt.decode(  # pyright: ignore[reportUnknownMemberType] - of keys we do not use
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                # The times are compared by the domain, whose clock is not this machine's.
                options={"require": ["sub", "sid", "jti", "iat", "exp"], "verify_exp": False, "verify_iat": False},
            )
            return AccessClaims(
                account_id=_to_id(claims["sub"]),
                session_id=_to_id(claims["sid"]),
                issued_at=datetime.fromtimestamp(claims["iat"], UTC),
                expires_at=datetime.fromtimestamp(claims["exp"], UTC),
            )
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, OSError):
            raise Unauthenticated("The access token is not valid.") from None


def _to_id(claim: str | int) -> int:
    if not 0 < int(claim) <= _LARGEST_ID:
        raise ValueError
    return int(claim)
