"""Who is asking, found out before a controller is called."""

from collections.abc import Awaitable

from litestar.types import HTTPScope, Receive, Send

from domain.authentication.principal import TokenScope
from domain.errors import InsufficientScope, Unauthenticated
from domain.rate_limits.networks import network_of
from entrypoints.http.context import context_of, services_of
from entrypoints.http.headers import bearer_token, client_address
from entrypoints.http.middleware import HttpApp
from entrypoints.http.rate_limits import count
from entrypoints.http.routes import route_of


class Authentication:
    """Finds out who is asking, on every route that is not public."""

    def __init__(self, app: HttpApp) -> None:
        self.app = app

    def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> Awaitable[None]:
        """Refuse the request before its body is read, or pass it on.

        :raises Unauthenticated: if it is not known who is asking.
        :raises InsufficientScope: if their API token was not given the scope that the route needs.
        :raises RateLimited: if that happened too often.
        """
        needed = route_of(scope).scope
        if needed is None:
            return self.app(scope, receive, send)
        return self._authenticated(scope, receive, send, needed)

    async def _authenticated(self, scope: HTTPScope, receive: Receive, send: Send, needed: TokenScope) -> None:
        try:
            await _authenticate(scope, needed)
        except (Unauthenticated, InsufficientScope):
            await count(scope)  # who tries tokens is limited as those are who have one
            raise
        await self.app(scope, receive, send)


async def _authenticate(scope: HTTPScope, needed: TokenScope) -> None:
    bearer = bearer_token(scope)
    if bearer is None:
        raise Unauthenticated("A bearer token is needed.")
    principal = await services_of(scope).authenticator.principal(bearer, network=network_of(client_address(scope)))
    context_of(scope).principal = principal
    principal.require(needed)
