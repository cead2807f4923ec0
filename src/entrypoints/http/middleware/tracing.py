"""A span of each request, for OpenTelemetry: its method, its route and its status, and nothing else of it."""

from collections.abc import Awaitable
from typing import Any, cast

from litestar.types import HTTPScope, Message, Receive, Send
from opentelemetry import trace
from opentelemetry.instrumentation.asgi import (  # pyright: ignore[reportMissingTypeStubs] - it has types
    OpenTelemetryMiddleware,
)
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.semconv.attributes.http_attributes import HTTP_ROUTE

from entrypoints.http.middleware import HttpApp
from entrypoints.http.middleware.observation import UNMATCHED, known_method

_TRACE_HEADERS = frozenset({b"traceparent", b"tracestate"})
_HEALTH = "/health"
_REAL_SCOPE = "todo-api.scope"


class TracedRequests:
    """Makes a span of each request, but for probes of the health.

    A trace that a client began is continued (W3C Trace Context).
    """

    def __init__(self, app: HttpApp, provider: TracerProvider) -> None:
        self.app = app
        self._traced = OpenTelemetryMiddleware(
            _Named(app),
            default_span_details=_span_details,
            tracer_provider=provider,
            exclude_spans=["send", "receive"],
        )

    def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on."""
        if scope["path"].startswith(_HEALTH):
            return self.app(scope, receive, send)
        return self._traced(_seen(scope), cast("Any", receive), cast("Any", send))


class _Named:
    """Names the span of a request as soon as its route is known."""

    def __init__(self, app: HttpApp) -> None:
        self.app = app

    async def __call__(self, seen: dict[str, Any], receive: Receive, send: Send) -> None:
        scope: HTTPScope = seen[_REAL_SCOPE]
        span = trace.get_current_span()

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = cast("dict[str, Any]", scope).get("path_template") or UNMATCHED
                span.update_name(f"{seen['method']} {route}")
                span.set_attribute(HTTP_ROUTE, route)
            await send(cast("Any", message))

        await self.app(scope, receive, send_named)


def _seen(scope: HTTPScope) -> dict[str, Any]:
    """Return what the instrumentation gets to see of a request: nothing that a client could put anything into."""
    return {
        "type": "http",
        "method": known_method(scope["method"]),
        "scheme": scope["scheme"],
        "http_version": scope["http_version"],
        "server": scope["server"],
        "path": "",
        "query_string": b"",
        "headers": [(name, value) for name, value in scope["headers"] if name in _TRACE_HEADERS],
        _REAL_SCOPE: scope,
    }


def _span_details(seen: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return seen["method"], {}
