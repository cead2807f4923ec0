"""Requests that no client library would send, as a server would pass them on."""

from typing import Any
from urllib.parse import quote, unquote_to_bytes

import msgspec
from litestar import Litestar
from msgspec import Struct


class RawAnswer(Struct, frozen=True):
    """An answer as a server would get it."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def values(self, name: bytes) -> list[bytes]:
        """Return every value of a header."""
        return [value for given, value in self.headers if given.lower() == name]


async def raw_request(
    app: Litestar,
    method: str,
    target: bytes,
    *,
    token: str,
    body: object = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, bytes]:
    """Call the application with a target and headers as they are; return the status and the body of the answer."""
    given = {"host": "testserver", "content-type": "application/json", "authorization": f"Bearer {token}"}
    given |= {name.lower(): value for name, value in (headers or {}).items()}
    answer = await raw_answer(app, method, target, headers=list(given.items()), body=body)
    return answer.status, answer.body


async def raw_answer(
    app: Litestar, method: str, target: bytes, *, headers: list[tuple[str, str]], body: object = None
) -> RawAnswer:
    """Call the application with a target and exactly these headers; return the whole answer."""
    path, _, query = target.partition(b"?")
    scope: Any = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote_to_bytes(quote(path, safe="/%")).decode(errors="replace"),
        "raw_path": path,
        "root_path": "",
        "query_string": query,
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
        "client": ("203.0.113.1", 1234),
        "server": ("testserver", 80),
    }
    content = b"" if body is None else msgspec.json.encode(body)
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    content = b"".join(message.get("body", b"") for message in sent[1:])
    return RawAnswer(sent[0]["status"], [(bytes(name), bytes(value)) for name, value in sent[0]["headers"]], content)
