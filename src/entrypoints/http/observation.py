"""The outermost layer: each request is measured once, and told to whoever observes."""

import logging
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, Protocol, cast

from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR
from litestar.types import ASGIApp, HTTPScope, HTTPSendMessage, Message, Receive, Scope, Send
from msgspec import Struct
from structlog.contextvars import bind_contextvars, reset_contextvars

from domain.authentication.principal import Principal
from entrypoints.http.request import header, request_id

UNMATCHED = "unmatched"
"""The route of every path that is none of ours: clients make up any number of those."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

CLIENT_CLOSED_REQUEST = 499
"""The status of a request whose client went away before an answer began; what nginx logs for it, too."""

_log = logging.getLogger(__name__)


class ObservedRequest(Struct, frozen=True, kw_only=True, gc=False):
    """A request that is over, however it ended.

    ``path`` has no query, ``duration`` is in seconds. ``error`` is what nobody expected, or what made the service
    unavailable; a mistake of a client is none. ``rate_limited_by`` is the quota that was used up.
    """

    id: str
    method: str
    route: str
    path: str
    status: int
    duration: float
    account_id: int | None = None
    client: str | None = None
    user_agent: str | None = None
    rate_limited_by: str | None = None
    error: Exception | None = None


Observer = Callable[[ObservedRequest], None]


class UpAndDown(Protocol):
    """A number of things that are there now."""

    def inc(self) -> None:
        """Add one."""
        ...

    def dec(self) -> None:
        """Take one away."""
        ...


class Observation:
    """Wraps everything else, and gives each line that is logged meanwhile the id of the request."""

    def __init__(self, app: ASGIApp, observers: Sequence[Observer], *, in_flight: UpAndDown | None = None) -> None:
        self.app = app
        self._observers = tuple(observers)
        self._in_flight = in_flight

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; whether it is answered, fails or is given up, it counts once."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = perf_counter()
        method, path = scope["method"], scope["path"]  # as they came: layers and the router put others there
        status, error = CLIENT_CLOSED_REQUEST, None

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(cast("HTTPSendMessage", message))

        bound = bind_contextvars(request_id=request_id(scope))
        if self._in_flight is not None:
            self._in_flight.inc()
        try:
            await self.app(scope, receive, send_observed)
        except Exception as escaped:
            status, error = max(status, HTTP_500_INTERNAL_SERVER_ERROR), escaped
            raise
        finally:
            if self._in_flight is not None:
                self._in_flight.dec()
            self._tell(_observed(scope, method, path, status, perf_counter() - started, error))
            reset_contextvars(**bound)

    def _tell(self, request: ObservedRequest) -> None:
        for observer in self._observers:
            try:
                observer(request)
            except Exception:  # noqa: BLE001 - whatever it is, it is no reason for the request to fail
                _log.exception("A request could not be observed")


def known_method(method: str) -> str:
    """Return the method, or ``other`` for those that clients make up."""
    return method if method in _METHODS else "other"


def _observed(
    scope: HTTPScope, method: str, path: str, status: int, duration: float, error: Exception | None
) -> ObservedRequest:
    found = cast("dict[str, Any]", scope)
    principal: Principal | None = found.get("user")
    client = scope["client"]
    return ObservedRequest(
        id=found["request_id"],
        method=method,
        route=found.get("path_template") or UNMATCHED,
        path=path,
        status=status,
        duration=duration,
        account_id=None if principal is None else principal.account_id,
        client=None if client is None else client[0],
        user_agent=header(scope, b"user-agent"),
        rate_limited_by=found.get("rate_limited_by"),
        error=error or found.get("error"),
    )
