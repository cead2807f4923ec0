"""What controllers return, and how it gets to the client."""

from typing import Any, TypeVar, cast

import msgspec
from litestar import Response
from litestar.status_codes import HTTP_204_NO_CONTENT, HTTP_304_NOT_MODIFIED
from litestar.types import HTTPScope, Send

from entrypoints.http.headers import header_lines
from entrypoints.http.preconditions import etag_of, has_same_body

_Content = TypeVar("_Content")

_WITHOUT_CONTENT = frozenset({HTTP_204_NO_CONTENT, HTTP_304_NOT_MODIFIED})

_encode = msgspec.json.Encoder().encode


class Answer(Response[_Content]):
    """Content with headers, or with another status than the route's own; the names of headers are in lower case.

    It says to the framework what a response of its own says, and is made in a tenth of the time. What is ``tagged`` has
    an ETag of its bytes, and is not sent again to whoever has it.
    """

    def __init__(
        self,
        content: _Content,
        *,
        headers: dict[str, str] | None = None,
        status_code: int | None = None,
        is_tagged: bool = False,
    ) -> None:
        self.content = content
        self.headers = headers or {}
        self.status_code = status_code
        self.is_tagged = is_tagged


async def send_answer(answer: Any, status: int, scope: HTTPScope, send: Send) -> None:
    """Send what a controller has returned: an ``Answer``, plain content, or nothing."""
    headers: list[tuple[bytes, bytes]] = []
    content, is_tagged = answer, False
    if isinstance(answer, Answer):
        is_tagged = answer.is_tagged
        content = cast("Any", answer).content
        status = answer.status_code or status
        headers = [(name.encode(), value.encode("latin-1")) for name, value in answer.headers.items()]
    body = b""
    if status not in _WITHOUT_CONTENT:
        body = _encode(content)
        if is_tagged:
            tag = etag_of(body)
            headers += ((b"etag", tag.encode()), (b"cache-control", b"private, no-cache"))
            if has_same_body(header_lines(scope, b"if-none-match"), tag):
                status, body = HTTP_304_NOT_MODIFIED, b""
    if status not in _WITHOUT_CONTENT:
        headers += ((b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
