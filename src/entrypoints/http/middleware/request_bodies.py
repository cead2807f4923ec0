"""Bodies of requests: how large they may be, and how much of them may arrive at once.

A body is read before the request waits for its turn, so that nobody's turn passes while a slow client sends.
"""

from collections.abc import Awaitable
from typing import Any, cast

from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.handlers import HTTPRouteHandler
from litestar.types import HTTPScope, Receive, Send

from domain.concurrency.budget import Budget, Share
from entrypoints.http.context import caller_of, context_of, services_of
from entrypoints.http.middleware import HttpApp
from entrypoints.http.problems import MalformedBody
from entrypoints.http.routes import route_of

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

WITHOUT_BODY = frozenset({"GET", "HEAD"})
"""Methods of requests whose body nobody reads."""


class RequestBodies:
    """Reads the body of a request out of a budget for each account, address and process, before anything is done."""

    def __init__(self, app: HttpApp) -> None:
        self.app = app

    def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on when its body is there.

        :raises TooManyConcurrent: if whoever asks sends too much at once.
        :raises Overloaded: if everybody together does.
        :raises HTTPException: if the body is too large, ends too early, or comes too slowly.
        """
        if scope["method"] in WITHOUT_BODY or route_of(scope).limits is None:
            return self.app(scope, receive, send)
        return self._with_body(scope, receive, send)

    async def _with_body(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        body = _Body(scope, services_of(scope).bodies)
        try:
            context_of(scope).body = await body.read(receive)
            await self.app(scope, receive, send)
        finally:
            body.forget()


class _Body:
    """A body that arrives, and what it has taken of the budget."""

    def __init__(self, scope: HTTPScope, budget: Budget) -> None:
        self._scope = scope
        self._budget = budget
        self._shares: list[Share] | None = None
        self._taken = 0

    async def read(self, receive: Receive) -> bytes:
        """Return the whole of it."""
        max_size = cast("HTTPRouteHandler", self._scope["route_handler"]).resolve_request_max_body_size()
        _refuse_announced(self._scope, max_size)
        message = await receive()
        content = _content(message)
        if not message.get("more_body", False):
            if max_size is not None and len(content) > max_size:
                raise RequestEntityTooLarge
            return content
        parts, length = [content], len(content)
        while message.get("more_body", False):
            self._count(length)
            message = await receive()
            content = _content(message)
            parts.append(content)
            length += len(content)
            if max_size is not None and length > max_size:
                raise RequestEntityTooLarge
        return b"".join(parts)

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
    caller = caller_of(scope)
    shares: list[Share] = [(caller.network, _BODIES_OF_ADDRESS)]
    if caller.own != caller.network:
        shares.append((caller.own, _BODIES_OF_ACCOUNT))
    return shares
