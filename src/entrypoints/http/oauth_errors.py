"""The errors of a token endpoint in the words of OAuth 2.0 (RFC 6749, section 5.2)."""

from litestar.exceptions import HTTPException
from litestar.status_codes import (
    HTTP_400_BAD_REQUEST,
    HTTP_408_REQUEST_TIMEOUT,
    HTTP_429_TOO_MANY_REQUESTS,
    HTTP_500_INTERNAL_SERVER_ERROR,
    HTTP_503_SERVICE_UNAVAILABLE,
)
from litestar.types import HTTPScope
from msgspec import Struct

from domain.errors import Invalid, InvalidRefreshToken, WrongCredentials
from entrypoints.http.headers import FORM, header
from entrypoints.http.routes import speaks_oauth

_BUSY = frozenset({HTTP_408_REQUEST_TIMEOUT, HTTP_429_TOO_MANY_REQUESTS, HTTP_503_SERVICE_UNAVAILABLE})


class UnsupportedGrantType(HTTPException):
    """The token endpoint has no such grant."""

    status_code = HTTP_400_BAD_REQUEST
    code = "unsupported_grant_type"


_NAMES = {
    UnsupportedGrantType.code: "unsupported_grant_type",
    WrongCredentials.code: "invalid_grant",
    InvalidRefreshToken.code: "invalid_grant",
}
"""By the codes of problems; of others the status says enough."""


class OAuthError(Struct, frozen=True):
    """What the RFC calls an error, and the status that it gives to it."""

    name: str
    status: int


def oauth_error(scope: HTTPScope, *, status: int, code: str) -> OAuthError | None:
    """Return what a problem is to clients of OAuth 2.0; nothing where none of them asks.

    They look at ``error`` to know that an answer is no token, so each problem of such a route has one. Where section
    5.2 knows no word, that of section 4.1.2.1 is used. A wrong password stays 401: the RFC allows it for whoever
    authenticates with the ``Authorization`` header, and clients of this service know it by that.
    """
    if not speaks_oauth(scope):
        return None
    is_bad_request = code == InvalidRefreshToken.code or (code == Invalid.code and _has_form(scope))
    return OAuthError(_NAMES.get(code) or _name(status), HTTP_400_BAD_REQUEST if is_bad_request else status)


def _name(status: int) -> str:
    if status in _BUSY:
        return "temporarily_unavailable"
    return "server_error" if status >= HTTP_500_INTERNAL_SERVER_ERROR else "invalid_request"


def _has_form(scope: HTTPScope) -> bool:
    """Tell whether the RFC, which knows forms only, has a say in the status."""
    return (header(scope, b"content-type") or "").lower().startswith(FORM)
