"""Who is asking, found out before a controller is called."""

from typing import Any, cast

from litestar.handlers.base import BaseRouteHandler
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from domain.authentication.principal import Principal, TokenScope
from domain.errors import InsufficientScope, Unauthenticated
from domain.rate_limits.networks import network_of
from entrypoints.http.rate_limits import COMMON, LIMITS, RouteLimits, count
from entrypoints.http.request import bearer_token, client_address
from entrypoints.services import Services

_SCOPE = "scope"
_PROBLEMS = "problems"


def public(*problems: int, limits: RouteLimits | None = COMMON) -> dict[str, Any]:
    """Return the options of a route that anybody may call, and the status codes of the problems peculiar to it.

    ``limits`` are ``None`` where nobody counts how often it is called.
    """
    return {_SCOPE: None, _PROBLEMS: problems, LIMITS: limits}


def needs(scope: TokenScope, *problems: int, limits: RouteLimits = COMMON) -> dict[str, Any]:
    """Return the options of a route that needs somebody who is signed in, and their token to have a scope."""
    return {_SCOPE: scope, _PROBLEMS: problems, LIMITS: limits}


def scope_of(handler: BaseRouteHandler) -> TokenScope | None:
    """Return the scope a route needs, ``None`` if anybody may call it.

    :raises KeyError: if the route does not say; a forgotten option must not open a door.
    """
    return cast("TokenScope | None", handler.opt[_SCOPE])


def problems_of(handler: BaseRouteHandler) -> tuple[int, ...]:
    """Return the status codes of the problems peculiar to a route."""
    return cast("tuple[int, ...]", handler.opt[_PROBLEMS])


def limits_of(handler: BaseRouteHandler) -> RouteLimits | None:
    """Return the quotas of a route, ``None`` if it is not limited."""
    return cast("RouteLimits | None", handler.opt[LIMITS])


class Authentication:
    """Puts the principal into the connection scope of every route that is not public."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request before its body is read, or pass it on.

        :raises Unauthenticated: if it is not known who is asking.
        :raises InsufficientScope: if their API token was not given the scope that the route needs.
        :raises RateLimited: if that happened too often.
        """
        handler = scope["route_handler"]
        needed = cast("TokenScope | None", handler.opt.get(_SCOPE))
        if needed is not None:
            http_scope = cast("HTTPScope", scope)
            try:
                principal = await _principal(http_scope)
                scope["user"] = principal
                principal.require(needed)
            except (Unauthenticated, InsufficientScope):
                await count(http_scope)  # who tries tokens is limited as those are who have one
                raise
        await self.app(scope, receive, send)


async def _principal(scope: HTTPScope) -> Principal:
    bearer = bearer_token(scope)
    if bearer is None:
        raise Unauthenticated("A bearer token is needed.")
    services: Services = scope["litestar_app"].state.services
    return await services.authenticator.principal(bearer, network=network_of(client_address(scope)))
