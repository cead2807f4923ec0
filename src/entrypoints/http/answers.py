"""What controllers return, and how it gets to the client."""

from typing import Any, TypeVar, cast

import msgspec
from litestar import Response
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT, HTTP_304_NOT_MODIFIED
from litestar.types import HTTPScope, Send

from entrypoints.http.compression import COMPRESSIBLE, coding_for, weakened
from entrypoints.http.preconditions import etag_of, has_same_body

_Content = TypeVar("_Content")

_WITHOUT_CONTENT = frozenset({HTTP_204_NO_CONTENT, HTTP_304_NOT_MODIFIED})
_COMPRESSED = frozenset({HTTP_200_OK, HTTP_304_NOT_MODIFIED})
"""What is not modified has the headers that it would have if it were sent (RFC 9110, section 15.4.5)."""

_encode = msgspec.json.Encoder().encode


class Answer(Response[_Content]):
    """Content with headers, or with another status than the route's own; the names of headers are in lower case.

    Content that the client has already, which is 304, is not sent, and given nevertheless: its headers depend on it.

    It says to the framework what a response of its own says, and is made in a tenth of the time.
    """

    def __init__(
        self, content: _Content, *, headers: dict[str, str] | None = None, status_code: int | None = None
    ) -> None:
        self.content = content
        self.headers = headers or {}
        self.status_code = status_code


class TaggedAnswer(Answer[_Content]):
    """Content with an ETag of its bytes; whoever has it already, by ``If-None-Match``, is not sent it again."""

    def __init__(self, content: _Content, *, if_none_match: str | None, headers: dict[str, str] | None = None) -> None:
        super().__init__(content, headers=headers)
        self.if_none_match = if_none_match


async def send_answer(answer: Any, status: int, scope: HTTPScope, send: Send) -> None:
    """Send what a controller has returned, an ``Answer``, plain content, or nothing; compressed if that is wanted."""
    headers: list[tuple[bytes, bytes]] = []
    content = answer
    if isinstance(answer, Answer):
        content = cast("Any", answer).content
        status = answer.status_code or status
        headers = [(name.encode(), value.encode("latin-1")) for name, value in answer.headers.items()]
    body = b"" if status == HTTP_204_NO_CONTENT else _encode(content)
    if isinstance(answer, TaggedAnswer):
        tag = etag_of(body)
        headers += ((b"etag", tag.encode()), (b"cache-control", b"private, no-cache"))
        if has_same_body(answer.if_none_match, tag):
            status = HTTP_304_NOT_MODIFIED
    coding = None
    if len(body) > COMPRESSIBLE and scope["method"] == "GET" and status in _COMPRESSED:
        coding = coding_for(scope)
    if coding is not None:
        headers = weakened(headers)
    if status in _WITHOUT_CONTENT:
        body = b""
    else:
        if coding is not None:
            body = await coding.encode(body)
            headers.append((b"content-encoding", coding.name.encode()))
        headers += ((b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
