"""What each route says of itself: who may call it, what can go wrong, what is limited."""

from typing import Any

from litestar.handlers.base import BaseRouteHandler
from litestar.types import Scope
from msgspec import Struct

from domain.authentication.principal import TokenScope
from domain.rate_limits.model import Quota

_KEY = "route"


class RouteLimits(Struct, frozen=True, kw_only=True):
    """The quotas of a route, besides those that hold for every route."""

    by_account: tuple[Quota, ...] = ()
    by_address: tuple[Quota, ...] = ()
    by_site: tuple[Quota, ...] = ()


COMMON = RouteLimits()
"""Those that hold for every route, and no others."""


class RouteOptions(Struct, frozen=True, kw_only=True):
    """What holds for a route.

    ``scope`` is what a token needs, ``None`` if anybody may call the route. ``problems`` are the status codes of what
    can go wrong with this route in particular. ``limits`` are ``None`` where nobody counts how often it is called.
    ``query`` describes the parameters that its query may have; ``None`` is none. ``speaks_oauth`` is where errors are
    also told in the words of OAuth 2.0.
    """

    scope: TokenScope | None
    problems: tuple[int, ...] = ()
    limits: RouteLimits | None = COMMON
    query: type[Struct] | None = None
    speaks_oauth: bool = False


def public(
    *problems: int,
    limits: RouteLimits | None = COMMON,
    query: type[Struct] | None = None,
    speaks_oauth: bool = False,
) -> dict[str, Any]:
    """Return the options of a route that anybody may call, in the framework's form; see ``RouteOptions``."""
    options = RouteOptions(scope=None, problems=problems, limits=limits, query=query, speaks_oauth=speaks_oauth)
    return {_KEY: options}


def needs(
    scope: TokenScope, *problems: int, limits: RouteLimits = COMMON, query: type[Struct] | None = None
) -> dict[str, Any]:
    """Return the options of a route that needs somebody who is signed in, and their token to have a scope."""
    return {_KEY: RouteOptions(scope=scope, problems=problems, limits=limits, query=query)}


def options_of(handler: BaseRouteHandler) -> RouteOptions:
    """Return the options of a route.

    :raises KeyError: if the route does not say who may call it; a forgotten option must not open a door.
    """
    options: RouteOptions = handler.opt[_KEY]
    return options


def speaks_oauth(scope: Scope) -> bool:
    """Tell whether the route of a request, if it has one, also tells its errors in the words of OAuth 2.0."""
    if "route_handler" not in scope:
        return False
    options: RouteOptions | None = scope["route_handler"].opt.get(_KEY)
    return options is not None and options.speaks_oauth


def route_of(scope: Scope) -> RouteOptions:
    """Return the options of the route that the router has found for a request."""
    options: RouteOptions = scope["route_handler"].opt[_KEY]  # once more, because it is asked for at each layer
    return options
