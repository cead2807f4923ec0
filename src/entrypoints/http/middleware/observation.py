"""Each request is measured once, and told to whoever observes."""

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any, Protocol, cast

from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR
from litestar.types import HTTPScope, Receive, Send

from entrypoints.http.context import context_of
from entrypoints.http.headers import client_address, header
from entrypoints.http.middleware import HttpApp
from entrypoints.observability.operations import Operation, tell

UNMATCHED = "unmatched"
"""The route of every path that is none of ours: clients make up any number of those."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

CLIENT_CLOSED_REQUEST = 499
"""The status of a request whose client went away before an answer began; what nginx logs for it, too."""


class ObservedRequest(Operation, frozen=True, kw_only=True, gc=False):
    """A request that is over, however it ended; its name is its route, and its outcome its status.

    ``path`` has no query. ``rate_limited_by`` is the quota that was used up.
    """

    kind: str = "request"
    method: str
    path: str
    status: int
    account_id: int | None = None
    client: str | None = None
    user_agent: str | None = None
    rate_limited_by: str | None = None

    @property
    def labels(self) -> Sequence[str]:
        """The method, the route and the status."""
        return known_method(self.method), self.name, self.outcome

    @property
    def duration_labels(self) -> Sequence[str]:
        """The method, the route and the class of the status."""
        return known_method(self.method), self.name, f"{self.status // 100}xx"

    @property
    def tags(self) -> Mapping[str, str]:
        """What HTTP calls these things."""
        return {"request_id": self.id, "route": self.name, "method": self.method, "status": self.outcome}


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
    """Measures each request; stands within what gives it a context, and around everything else."""

    def __init__(self, app: HttpApp, observers: Sequence[Observer], *, in_flight: UpAndDown | None = None) -> None:
        self.app = app
        self._observers = tuple(observers)
        self._in_flight = in_flight

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Pass the request on; whether it is answered, fails or is given up, it counts once."""
        started, error = perf_counter(), None
        if self._in_flight is not None:
            self._in_flight.inc()
        try:
            await self.app(scope, receive, send)
        except Exception as escaped:
            error = escaped
            raise
        finally:
            if self._in_flight is not None:
                self._in_flight.dec()
            tell(self._observers, _observed(scope, perf_counter() - started, error))


def known_method(method: str) -> str:
    """Return the method, or ``other`` for those that clients make up."""
    return method if method in _METHODS else "other"


def _observed(scope: HTTPScope, duration: float, error: Exception | None) -> ObservedRequest:
    context = context_of(scope)
    status = context.status or CLIENT_CLOSED_REQUEST
    if error is not None:
        status = max(status, HTTP_500_INTERNAL_SERVER_ERROR)
    return ObservedRequest(
        id=context.id,
        name=cast("dict[str, Any]", scope).get("path_template") or UNMATCHED,
        method=context.method,
        path=context.path,
        status=status,
        outcome=str(status),
        duration=duration,
        account_id=None if context.principal is None else context.principal.account_id,
        client=client_address(scope),
        user_agent=header(scope, b"user-agent"),
        rate_limited_by=context.rate_limited_by,
        error=error or context.error,
    )
