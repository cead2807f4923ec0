"""What is true of every answer, whatever gave it."""

from typing import Any, cast

from litestar import Request
from litestar.status_codes import (
    HTTP_204_NO_CONTENT,
    HTTP_400_BAD_REQUEST,
    HTTP_405_METHOD_NOT_ALLOWED,
    HTTP_414_REQUEST_URI_TOO_LONG,
)
from litestar.types import ASGIApp, HTTPScope, HTTPSendMessage, Message, Receive, Scope, Send

from entrypoints.http.problems import problem
from entrypoints.http.request import REQUEST_ID_HEADER, request_id

_DEFAULTS = {
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
}
"""Headers of every answer that does not set them itself (OWASP REST security cheat sheet)."""

LONGEST_PATH = 1_024
_LONGEST_QUERY = 8_192
_MOST_PARAMETERS = 50
"""Bounds, in bytes, of what the framework keeps in its caches of the last thousand paths and queries."""

_HSTS = (b"strict-transport-security", b"max-age=31536000")


class Envelope:
    """Wraps the whole application.

    Gives each answer the request's id and the security headers, and answers HEAD as GET without the content
    (RFC 9110, section 9.3.2), and OPTIONS with the methods that a path answers to (section 9.3.7).
    """

    def __init__(
        self, app: ASGIApp, *, allowed_hosts: tuple[str, ...] = ("*",), hsts: bool = False, has_cors: bool = False
    ) -> None:
        self.app = app
        self._has_cors = has_cors
        self._allowed_hosts = None if "*" in allowed_hosts else tuple(host.lower() for host in allowed_hosts)
        self._request_id_name = REQUEST_ID_HEADER.encode()
        self._defaults = dict(_DEFAULTS) | ({_HSTS[0]: _HSTS[1]} if hsts else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer back."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_head, is_options = scope["method"] == "HEAD", self._asks_for_methods(scope)
        if is_head or is_options:
            # Of all that know the methods of a path, the router tells them best, when it refuses another one.
            cast("dict[str, Any]", scope)["method"] = "GET" if is_head else "TRACE"

        is_silent = is_head

        async def send_completed(message: Message) -> None:
            nonlocal is_silent
            if message["type"] == "http.response.start":
                is_refusal = is_options and message["status"] == HTTP_405_METHOD_NOT_ALLOWED
                if is_refusal:
                    is_silent = True
                    message["status"] = HTTP_204_NO_CONTENT
                message["headers"] = self._completed(message["headers"], scope, has_content=not is_refusal)
            elif is_silent and message["type"] == "http.response.body":
                message["body"] = b""
            await send(cast("HTTPSendMessage", message))

        refusal = self._refusal(scope)
        if refusal is None:
            await self.app(scope, receive, send_completed)
        else:
            request: Request[Any, Any, Any] = Request(scope, receive=receive, send=send_completed)
            status, code, detail = refusal
            answer = problem(request, status, code=code, detail=detail)
            await answer.to_asgi_response(app=None, request=request)(scope, receive, send_completed)

    def _refusal(self, scope: HTTPScope) -> tuple[int, str, str] | None:
        """Return the status, the code and the words for a request that goes no further, if it is one."""
        if self._is_for_another_host(scope):
            return HTTP_400_BAD_REQUEST, "unknown_host", "This service is not called by that name."
        query = scope["query_string"]
        if len(scope["path"]) > LONGEST_PATH or len(query) > _LONGEST_QUERY or query.count(b"&") >= _MOST_PARAMETERS:
            return HTTP_414_REQUEST_URI_TOO_LONG, "uri_too_long", "The path or the query is too long."
        return None

    def _is_for_another_host(self, scope: HTTPScope) -> bool:
        """Tell whether the Host header names none of ours; whoever asks for the health knows an address only."""
        if self._allowed_hosts is None or scope["path"].startswith("/health"):
            return False
        host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1").lower()
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        return not any(
            name == allowed or (allowed.startswith("*.") and name.endswith(allowed[1:]))
            for allowed in self._allowed_hosts
        )

    def _completed(self, headers: Any, scope: Scope, *, has_content: bool) -> list[tuple[bytes, bytes]]:
        given = [
            (name, value + b", HEAD" if name == b"allow" and b"GET" in value else value)
            for name, value in headers
            if has_content or not name.startswith(b"content-")
        ]
        names = {name.lower() for name, _ in given}
        given.append((self._request_id_name, request_id(scope).encode()))
        given.extend(default for default in self._defaults.items() if default[0] not in names)
        return given

    def _asks_for_methods(self, scope: HTTPScope) -> bool:
        """Tell OPTIONS from the preflight requests of browsers, which the CORS middleware answers, if there is one."""
        return scope["method"] == "OPTIONS" and not (
            self._has_cors and any(name == b"access-control-request-method" for name, _ in scope["headers"])
        )
