"""Traces of requests and of the statements they make, by OpenTelemetry.

What is sent is chosen: of a request its method, its route and its status; of a statement its SQL, whose values are
parameters and stay here; of an error its type.
"""

import os
from typing import Any, cast

from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.asgi import (  # pyright: ignore[reportMissingTypeStubs] - it has types
    OpenTelemetryMiddleware,
)
from opentelemetry.instrumentation.asyncpg import (  # pyright: ignore[reportMissingTypeStubs] - it has types
    AsyncPGInstrumentor,
)
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.semconv.attributes.exception_attributes import EXCEPTION_TYPE
from opentelemetry.semconv.attributes.http_attributes import HTTP_ROUTE
from opentelemetry.trace import Status

from entrypoints.http.observation import UNMATCHED, known_method
from entrypoints.version import VERSION

_EXPORT_TIMEOUT = 5
"""Seconds after which a collector that does not answer has lost a batch of spans."""

_TRACE_HEADERS = frozenset({b"traceparent", b"tracestate"})
_HEALTH = "/health"
_REAL_SCOPE = "todo-api.scope"


class Tracing:
    """Wraps the application, and sends a span of each request and of each statement on PostgreSQL to a collector.

    A trace that a client began is continued (W3C Trace Context). Which ones are sampled is said by
    ``OTEL_TRACES_SAMPLER``, as with any program that is traced by OpenTelemetry.
    """

    def __init__(self, endpoint: str, *, exporter: SpanExporter | None = None) -> None:
        # The names of the stable semantic conventions; the instrumentation asks once, when it is first used.
        os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http,database")
        resource = Resource.create({SERVICE_NAME: "todo-api", SERVICE_VERSION: VERSION})
        self._provider = TracerProvider(resource=resource)
        self._provider.add_span_processor(
            _RedactingProcessor(exporter or OTLPSpanExporter(f"{endpoint}/v1/traces", timeout=_EXPORT_TIMEOUT))
        )
        self._statements = AsyncPGInstrumentor()
        self._statements.instrument(tracer_provider=self._provider)

    def around(self, app: ASGIApp) -> ASGIApp:
        """Return the application with a span around each request."""
        middleware = OpenTelemetryMiddleware(
            _Named(app),
            default_span_details=_span_details,
            tracer_provider=self._provider,
            exclude_spans=["send", "receive"],
        )

        async def traced(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["path"].startswith(_HEALTH):
                await app(scope, receive, send)
            else:
                await middleware(_seen(scope), cast("Any", receive), cast("Any", send))

        return traced

    def close(self) -> None:
        """Send what still waits; blocks for as long as the collector lets it."""
        self._statements.uninstrument()
        self._provider.shutdown()


class _Named:
    """Names the span of a request as soon as its route is known."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, seen: dict[str, Any], receive: Receive, send: Send) -> None:
        scope: Scope = seen[_REAL_SCOPE]
        span = trace.get_current_span()

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = cast("dict[str, Any]", scope).get("path_template") or UNMATCHED
                span.update_name(f"{seen['method']} {route}")
                span.set_attribute(HTTP_ROUTE, route)
            await send(cast("Any", message))

        await self.app(scope, receive, send_named)


class _RedactingProcessor(BatchSpanProcessor):
    """Leaves out what an error says: drivers put values into it."""

    def __init__(self, exporter: SpanExporter) -> None:
        super().__init__(exporter)

    def on_end(self, span: ReadableSpan) -> None:
        """Queue the span."""
        super().on_end(
            ReadableSpan(
                name=span.name,
                context=span.get_span_context(),
                parent=span.parent,
                resource=span.resource,
                attributes=span.attributes,
                events=[_discreet(event) for event in span.events],
                links=span.links,
                kind=span.kind,
                instrumentation_scope=span.instrumentation_scope,
                status=Status(span.status.status_code),
                start_time=span.start_time,
                end_time=span.end_time,
            )
        )


def _discreet(event: Event) -> Event:
    kept = {key: value for key, value in (event.attributes or {}).items() if key == EXCEPTION_TYPE}
    return Event(event.name, kept, event.timestamp)


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
