"""How much one client may have under way."""

from collections.abc import Awaitable

from litestar.types import HTTPScope, Receive, Send

from entrypoints.http.context import caller_of, services_of
from entrypoints.http.middleware import HttpApp
from entrypoints.http.routes import route_of


class ConcurrencyLimit:
    """Lets a request wait for the turn of whoever asks, and gives the turn back when it is answered.

    Whoever is signed in takes turns with the requests of the same account, anybody else with those from the same
    network; and all who ask from one network with each other. What is not limited, such as the health of the service,
    never waits.
    """

    def __init__(self, app: HttpApp) -> None:
        self.app = app

    def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on when it is its turn.

        :raises TooManyConcurrent: if whoever asks has too much under way already.
        :raises Overloaded: if everybody together has.
        """
        if route_of(scope).limits is None:
            return self.app(scope, receive, send)
        return self._in_turn(scope, receive, send)

    async def _in_turn(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        turns, caller = services_of(scope).requests, caller_of(scope)
        await turns.acquire(caller)
        try:
            await self.app(scope, receive, send)
        finally:
            turns.release(caller)
