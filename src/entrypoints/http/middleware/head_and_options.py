"""HEAD and OPTIONS, which every path answers to without a route of its own."""

from collections.abc import Awaitable
from typing import Any, cast

from litestar.status_codes import HTTP_204_NO_CONTENT, HTTP_405_METHOD_NOT_ALLOWED
from litestar.types import HTTPScope, Receive, Send

from entrypoints.http.middleware import HttpApp
from entrypoints.http.middleware.cors import is_preflight


class HeadAndOptions:
    """Answers HEAD as GET without the content, and OPTIONS with the methods of a path (RFC 9110, 9.3.2 and 9.3.7)."""

    def __init__(self, app: HttpApp, *, has_cors: bool = False) -> None:
        self.app = app
        self._has_cors = has_cors

    def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on, with a method that the router knows."""
        method = scope["method"]
        if method == "HEAD":
            cast("dict[str, Any]", scope)["method"] = "GET"
            return self.app(scope, receive, _without_content(send))
        if method == "OPTIONS" and not (self._has_cors and is_preflight(scope)):
            # Of all that know the methods of a path, the router tells them best, when it refuses another one.
            cast("dict[str, Any]", scope)["method"] = "TRACE"
            return self.app(scope, receive, _with_methods(send))
        return self.app(scope, receive, send)


def _without_content(send: Send) -> Send:
    async def send_head(message: Any) -> None:
        if message["type"] == "http.response.body":
            message["body"] = b""
        await send(message)

    return send_head


def _with_methods(send: Send) -> Send:
    """Return what makes of a refusal with the header ``Allow`` a response that says the same."""
    is_refusal = False

    async def send_methods(message: Any) -> None:
        nonlocal is_refusal
        if message["type"] == "http.response.start":
            is_refusal = message["status"] == HTTP_405_METHOD_NOT_ALLOWED
            if is_refusal:
                message["status"] = HTTP_204_NO_CONTENT
                message["headers"] = [item for item in message["headers"] if not item[0].startswith(b"content-")]
        elif is_refusal and message["type"] == "http.response.body":
            message["body"] = b""
        await send(message)

    return send_methods
