"""Traces of what is done and of the statements it takes, by OpenTelemetry.

What is sent is chosen: of a statement its SQL, whose values are parameters and stay here; of an error its type.
"""

import os

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.asyncpg import (  # pyright: ignore[reportMissingTypeStubs] - it has types
    AsyncPGInstrumentor,
)
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.semconv.attributes.exception_attributes import EXCEPTION_TYPE
from opentelemetry.trace import Status

from entrypoints.version import VERSION

_EXPORT_TIMEOUT = 5
"""Seconds after which a collector that does not answer has lost a batch of spans."""


class Tracing:
    """Sends a span of each statement on PostgreSQL to a collector, and those that others make with its ``provider``.

    Which traces are sampled is said by ``OTEL_TRACES_SAMPLER``, as with any program that is traced by OpenTelemetry.
    """

    def __init__(self, endpoint: str, *, exporter: SpanExporter | None = None) -> None:
        # The names of the stable semantic conventions; the instrumentation asks once, when it is first used.
        os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http,database")
        resource = Resource.create({SERVICE_NAME: "todo-api", SERVICE_VERSION: VERSION})
        self.provider = TracerProvider(resource=resource)
        self.provider.add_span_processor(
            _RedactingProcessor(exporter or OTLPSpanExporter(f"{endpoint}/v1/traces", timeout=_EXPORT_TIMEOUT))
        )
        self._statements = AsyncPGInstrumentor()
        self._statements.instrument(tracer_provider=self.provider)

    def close(self) -> None:
        """Send what still waits; blocks for as long as the collector lets it."""
        self._statements.uninstrument()
        self.provider.shutdown()


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
