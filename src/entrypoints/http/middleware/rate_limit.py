"""How often one client may ask."""

from collections.abc import Awaitable

from litestar.exceptions import MethodNotAllowedException, NotFoundException
from litestar.types import HTTPScope, Receive, Send

from entrypoints.http.middleware import HttpApp
from entrypoints.http.rate_limits import count
from entrypoints.http.routes import RouteLimits, route_of


class RateLimit:
    """Counts a request for whoever sends it, before its body is read.

    Stands behind authentication, which tells whose the request is.
    """

    def __init__(self, app: HttpApp) -> None:
        self.app = app

    def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on.

        :raises RateLimited: if there were too many.
        """
        limits = route_of(scope).limits
        if limits is None:
            return self.app(scope, receive, send)
        return self._counted(scope, receive, send, limits)

    async def _counted(self, scope: HTTPScope, receive: Receive, send: Send, limits: RouteLimits) -> None:
        await count(scope, limits)
        await self.app(scope, receive, send)


class UnroutedRateLimit:
    """Counts what no route handles, for the address: an unknown path, or a method that a path does not answer to.

    Stands around the router, and within what turns errors into responses.
    """

    def __init__(self, app: HttpApp) -> None:
        self.app = app

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Pass the request on.

        :raises RateLimited: if no route handles it, and that happened too often.
        """
        try:
            await self.app(scope, receive, send)
        except (NotFoundException, MethodNotAllowedException):
            if "path_template" not in scope:  # the router has found nothing
                await count(scope)
            raise
