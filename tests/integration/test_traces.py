"""What a real process sends to a collector of traces."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.harness import PASSWORD, SECRET
from tests.integration.processes import TIMEOUT, environment, serving
from tests.integration.receiver import Received, receiving
from tests.lifecycle import EMAIL, register, sign_in

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"

# Not OpenTelemetry as such: Litestar and the client of Redis import parts of it wherever it is installed.
OPTIONAL = (
    "opentelemetry.sdk.trace",
    "opentelemetry.exporter",
    "opentelemetry.instrumentation.asyncpg",
    "sentry_sdk",
    "prometheus_client",
)

IMPORTS = f"""
import asyncio, sys
from entrypoints.databases.registry import database_of
from entrypoints.serving import application
from entrypoints.variables import settings_from_environment
asyncio.run(database_of(settings_from_environment()).migrate())
app = application()
async def use():
    async def receive(): return {{"type": "http.request", "body": b""}}
    async def send(message): print(message.get("status", ""))
    async with app.lifespan():
        await app({{
            "type": "http", "method": "GET", "path": "/posts", "headers": [(b"host", b"x")], "query_string": b"",
            "scheme": "http", "http_version": "1.1", "client": None, "server": None, "root_path": "",
            "raw_path": b"/posts",
        }}, receive, send)
asyncio.run(use())
print([name for name in {OPTIONAL!r} if name in sys.modules])
"""


def spans_of(received: list[Received]) -> list[Span]:
    found: list[Span] = []
    for request in received:
        message: Any = ExportTraceServiceRequest.FromString(request.body)
        for resource in message.resource_spans:
            attributes = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
            assert attributes["service.name"] == "todo-api"
            found += [span for scope in resource.scope_spans for span in scope.spans]
    return found


def test_a_request_and_its_statements_are_one_trace_without_their_values(committed_url: str, tmp_path: Path) -> None:
    with receiving() as collector:
        endpoint = f"http://127.0.0.1:{collector.port}"
        with (
            serving(
                tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, DATABASE_URL=committed_url, JWT_SECRET=SECRET
            ) as server,
            httpx.Client(base_url=server.url, timeout=TIMEOUT) as client,
        ):
            register(client)
            access, refresh = sign_in(client)
            headers = access | {"traceparent": f"00-{TRACE_ID}-b7ad6b7169203331-01", "User-Agent": "a-client"}
            assert client.get("/todos", params={"q": "hunter2"}, headers=headers).status_code == 200
            assert server.stop() == 0  # which sends what still waits

    assert {request.path for request in collector.received} == {"/v1/traces"}
    spans = spans_of(collector.received)
    trace = [span for span in spans if span.trace_id.hex() == TRACE_ID]
    (request,) = [span for span in trace if span.kind == Span.SPAN_KIND_SERVER]
    statements = [span for span in trace if span.kind == Span.SPAN_KIND_CLIENT]
    assert request.name == "GET /todos"
    assert request.parent_span_id.hex() == "b7ad6b7169203331"
    assert statements
    assert {span.parent_span_id for span in statements} == {request.span_id}
    assert any("SELECT" in str(span.attributes) for span in statements)
    secrets = [PASSWORD, EMAIL, "hunter2", "a-client", refresh, *access.values(), "$argon2"]
    told = "".join(str(span) for span in spans)
    assert [secret for secret in secrets if secret in told] == []


def test_what_is_off_is_not_even_imported(tmp_path: Path) -> None:
    result = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", IMPORTS],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=True,
    )

    assert result.stdout.splitlines()[0] == "200"
    assert result.stdout.splitlines()[-1] == "[]"


def test_a_collector_that_is_gone_harms_nobody(tmp_path: Path) -> None:
    with serving(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9") as server:
        assert httpx.get(f"{server.url}/posts", timeout=TIMEOUT).status_code == 200
        assert server.stop() == 0
