"""What a collector of traces is told."""

from collections.abc import Generator
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from entrypoints.http.middleware.tracing import TracedRequests
from entrypoints.observability.tracing import Tracing
from entrypoints.services import Services
from tests.harness import app_on, client_of
from tests.raw_http import raw_request

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"


class Collector:
    """Keeps the spans, which it has when tracing was stopped."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.tracing = Tracing("http://127.0.0.1:1", exporter=self.exporter)

    def spans(self) -> list[ReadableSpan]:
        self.tracing.close()
        return list(self.exporter.get_finished_spans())

    def span(self) -> ReadableSpan:
        (span,) = self.spans()
        return span


@pytest.fixture
def collector() -> Generator[Collector]:
    collector = Collector()
    yield collector
    collector.tracing.close()


@pytest.fixture
def traced_app(collector: Collector, services: Services) -> Litestar:
    app = app_on(services)
    app.asgi_handler = cast("Any", TracedRequests(cast("Any", app.asgi_handler), collector.tracing.provider))
    return app


async def get(app: Litestar, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    async with client_of(app) as client:
        return await client.request(method, path, headers=headers)


async def test_a_span_is_named_after_its_method_and_route(collector: Collector, traced_app: Litestar) -> None:
    await get(traced_app, "/post/1471147114")

    span = collector.span()
    assert (span.name, span.kind) == ("GET /post/{post_id}", SpanKind.SERVER)
    assert dict(span.attributes or {})["http.route"] == "/post/{post_id}"
    assert dict(span.attributes or {})["http.response.status_code"] == 404
    assert span.resource.attributes["service.name"] == "todo-api"


async def test_nothing_that_a_client_sent_is_in_it(collector: Collector, traced_app: Litestar) -> None:
    await get(traced_app, "/nothing-1471147114?q=hunter2", **{"User-Agent": "a-client", "Host": "testserver"})

    span = collector.span().to_json()
    assert [text for text in ("1471147114", "hunter2", "a-client", "127.0.0.1") if text in span] == []


async def test_a_method_that_a_client_made_up_is_none(collector: Collector, traced_app: Litestar) -> None:
    await get(traced_app, "/posts", "BREW")

    assert "BREW" not in collector.span().to_json()


async def test_head_is_not_get(collector: Collector, traced_app: Litestar) -> None:
    await get(traced_app, "/posts", "HEAD")

    assert collector.span().name == "HEAD /posts"


async def test_the_trace_of_a_client_is_continued(collector: Collector, traced_app: Litestar) -> None:
    await get(traced_app, "/", traceparent=f"00-{TRACE_ID}-b7ad6b7169203331-01")

    span = collector.span()
    assert span.context is not None
    assert f"{span.context.trace_id:032x}" == TRACE_ID
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == "b7ad6b7169203331"


@pytest.mark.parametrize("headers", [{"traceparent": "nonsense"}, {"tracestate": "\xff=\xff"}, {"traceparent": "\xff"}])
async def test_hostile_bytes_are_no_error(collector: Collector, traced_app: Litestar, headers: dict[str, str]) -> None:
    async with traced_app.lifespan():
        status, _ = await raw_request(traced_app, "GET", b"/posts?q=%ff\xff", token="t", headers=headers)

    assert status < 500
    assert len(collector.spans()) == 1


async def test_health_is_no_span(collector: Collector, traced_app: Litestar) -> None:
    await get(traced_app, "/health")
    await get(traced_app, "/health/ready")

    assert collector.spans() == []


async def test_of_an_error_only_its_type_is_told(collector: Collector) -> None:
    async def failing(*_: Any) -> Any:
        raise ValueError("hunter2")

    scope: Any = {
        "type": "http", "method": "GET", "path": "/", "scheme": "http", "http_version": "1.1", "headers": [],
        "server": ("127.0.0.1", 1), "client": None,
    }  # fmt: skip
    with pytest.raises(ValueError, match="hunter2"):
        await TracedRequests(failing, collector.tracing.provider)(scope, failing, failing)

    span = collector.span()
    assert [dict(event.attributes or {}) for event in span.events] == [{"exception.type": "ValueError"}]
    assert span.status.description is None
    assert "hunter2" not in span.to_json()
