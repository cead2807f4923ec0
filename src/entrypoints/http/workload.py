"""How often and how much one client may ask: requests a minute, bodies that arrive, requests that are worked on.

A request stands here between being known and being worked on. Its body is read first, so that nobody's turn passes
while a slow client sends; then it waits for its turn, which it has until it is answered.
"""

from typing import Any, cast

from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPScope, Receive, Scope, Send

from domain.authentication.principal import Principal
from domain.concurrency.budget import Budget, Share
from domain.concurrency.caller import Caller
from domain.rate_limits.networks import network_of
from entrypoints.http.problems import MalformedBody
from entrypoints.http.rate_limits import COMMON, LIMITS, RouteLimits, count
from entrypoints.http.request import client_address
from entrypoints.services import Services

_SMALL = 4 * 1_024
"""Bytes of a body that are not counted: whatever large ones are under way, small ones still arrive."""

BODIES = 64 * 1_024 * 1_024
"""Bytes of bodies that a process holds while they arrive: an eighth of the memory that it gets on Kubernetes."""

_BODIES_OF_ACCOUNT = 2 * 1_024 * 1_024
"""Fifteen of the largest to-dos at once."""

_BODIES_OF_ADDRESS = 8 * 1_024 * 1_024
"""Those of four accounts."""

_MAX_DIGITS = 15
"""Of a length that is worth reading."""

_WITHOUT_BODY = frozenset({"GET", "HEAD"})


class Workload:
    """Counts the request, reads its body, waits for the turn of whoever asks, and gives it back afterwards.

    Stands behind authentication, which tells whose the request is. Whoever is signed in takes turns with the requests
    of the same account, anybody else with those from the same network; and all who ask from one network with each
    other. What is not limited, such as the health of the service, is not counted and never waits.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request before its body is read, or pass it on when it is its turn.

        :raises RateLimited: if there were too many.
        :raises TooManyConcurrent: if whoever asks has too much under way already, or has not read what they got.
        :raises Overloaded: if everybody together has.
        :raises HTTPException: if the body is too large, ends too early, or comes too slowly.
        """
        http_scope = cast("HTTPScope", scope)
        limits = cast("RouteLimits | None", http_scope["route_handler"].opt.get(LIMITS, COMMON))
        if limits is None:
            await self.app(scope, receive, send)
            return
        await count(http_scope, limits)
        services: Services = http_scope["litestar_app"].state.services
        body = None if http_scope["method"] in _WITHOUT_BODY else _Body(http_scope, services.bodies)
        principal: Principal | None = cast("dict[str, Any]", scope).get("user")
        network = network_of(client_address(http_scope))
        own = network if principal is None else principal.account_id
        caller = Caller(own, network)
        limiter = services.requests
        try:
            if body is not None:
                receive = _replayed(await body.read(receive), receive)
            await limiter.acquire(caller)
            try:
                services.unread_answers.check(own)
                await self.app(scope, receive, send)
            finally:
                limiter.release(caller)
        finally:
            if body is not None:
                body.forget()


class _Body:
    """A body that arrives, and what it has taken of the budget."""

    def __init__(self, scope: HTTPScope, budget: Budget) -> None:
        self._scope = scope
        self._budget = budget
        self._shares: list[Share] | None = None
        self._taken = 0

    async def read(self, receive: Receive) -> HTTPReceiveMessage:
        """Return the whole of it as one message."""
        max_size = cast("HTTPRouteHandler", self._scope["route_handler"]).resolve_request_max_body_size()
        _refuse_announced(self._scope, max_size)
        message = await receive()
        content = _content(message)
        if not message.get("more_body", False):
            if max_size is not None and len(content) > max_size:
                raise RequestEntityTooLarge
            return cast("HTTPReceiveMessage", message)
        parts, length = [content], len(content)
        while message.get("more_body", False):
            self._count(length)
            message = await receive()
            content = _content(message)
            parts.append(content)
            length += len(content)
            if max_size is not None and length > max_size:
                raise RequestEntityTooLarge
        return {"type": "http.request", "body": b"".join(parts), "more_body": False}

    def forget(self) -> None:
        """Give back what it has taken."""
        if self._shares is not None:
            self._budget.release(self._taken, self._shares)

    def _count(self, length: int) -> None:
        more = length - _SMALL - self._taken
        if more > 0:
            shares = self._shares or _shares(self._scope)
            self._budget.take(more, shares)
            self._shares = shares
            self._taken += more


def _content(message: Any) -> bytes:
    if message["type"] == "http.disconnect":
        raise MalformedBody(detail="The body ended before it was complete.")
    return message.get("body", b"")


def _refuse_announced(scope: HTTPScope, max_size: int | None) -> None:
    """Refuse a body that says of itself that it is too large, before any of it is read."""
    for name, value in scope["headers"]:
        if name == b"content-length" and max_size is not None and value.isdigit():
            if len(value) > _MAX_DIGITS or int(value) > max_size:
                raise RequestEntityTooLarge
            return


def _shares(scope: HTTPScope) -> list[Share]:
    shares: list[Share] = [(network_of(client_address(scope)), _BODIES_OF_ADDRESS)]
    principal: Principal | None = cast("dict[str, Any]", scope).get("user")
    if principal is not None:
        shares.append((principal.account_id, _BODIES_OF_ACCOUNT))
    return shares


def _replayed(message: HTTPReceiveMessage, receive: Receive) -> Receive:
    """Return what gives the message, and after that whatever comes."""
    given: list[HTTPReceiveMessage] = [message]

    async def receive_replayed() -> Any:
        return given.pop() if given else await receive()

    return receive_replayed
