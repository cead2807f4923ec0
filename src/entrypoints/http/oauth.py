"""What clients of OAuth 2.0 find out by themselves (RFC 8414)."""

from litestar import get
from litestar.types import HTTPScope
from msgspec import Struct

from entrypoints.http.context import context_of
from entrypoints.http.headers import header
from entrypoints.http.request import ApiRequest
from entrypoints.http.routes import public

TOKEN_PATH = "/auth/login"  # noqa: S105 - a path
REVOCATION_PATH = "/auth/logout"


class AuthorizationServer(Struct, frozen=True, kw_only=True):
    """Where tokens are got and given back, and how (RFC 8414, section 2)."""

    issuer: str
    token_endpoint: str
    revocation_endpoint: str
    grant_types_supported: tuple[str, ...] = ("password", "refresh_token")
    response_types_supported: tuple[str, ...] = ()
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("none",)
    revocation_endpoint_auth_methods_supported: tuple[str, ...] = ("none",)
    service_documentation: str


@get(
    "/.well-known/oauth-authorization-server",
    operation_id="getAuthorizationServer",
    summary="Describe where tokens come from",
    tags=["Signing in"],
    opt=public(),
)
async def authorization_server(request: ApiRequest) -> AuthorizationServer:
    """Return the metadata of the authorization server (RFC 8414), under the name by which it was asked."""
    base = _base_url(request.scope)
    return AuthorizationServer(
        issuer=base,
        token_endpoint=f"{base}{TOKEN_PATH}",
        revocation_endpoint=f"{base}{REVOCATION_PATH}",
        service_documentation=f"{base}/schema",
    )


def _base_url(scope: HTTPScope) -> str:
    """Return where the client has reached the service; the name was looked at by ``TrustedHosts``."""
    return f"{scope['scheme']}://{header(scope, b'host') or 'localhost'}{context_of(scope).prefix}"
