"""What is true of every answer, whatever gave it."""

from typing import Any, cast

from litestar.status_codes import HTTP_204_NO_CONTENT, HTTP_405_METHOD_NOT_ALLOWED
from litestar.types import ASGIApp, HTTPScope, HTTPSendMessage, Message, Receive, Scope, Send

from entrypoints.http.cors import is_preflight
from entrypoints.http.large_answers import LARGE, send_in_parts
from entrypoints.http.request import REQUEST_ID_HEADER, request_id

_DEFAULTS = {
    b"cache-control": b"no-store",  # answers are somebody's own
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",  # no content of ours runs anything
    b"cross-origin-resource-policy": b"same-origin",  # no page elsewhere embeds it, and reads it from its own memory
    b"referrer-policy": b"no-referrer",  # ids and queries stay here
    b"x-content-type-options": b"nosniff",  # JSON is not taken for a script or a page
}
"""Headers of every answer that does not set them itself (OWASP's REST security cheat sheet and secure headers).

``X-Frame-Options`` is what ``frame-ancestors`` replaces; ``Permissions-Policy`` and ``Cross-Origin-Opener-Policy`` are
for pages, which set them themselves.
"""

_HSTS = (b"strict-transport-security", b"max-age=31536000")
_VARY = (b"vary", b"Origin")


class Envelope:
    """Wraps the whole application.

    Gives each answer the request's id and the security headers, and answers HEAD as GET without the content
    (RFC 9110, section 9.3.2), and OPTIONS with the methods that a path answers to (section 9.3.7).
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        force_https: bool = False,
        hsts: bool = False,
        cors_origins: tuple[str, ...] = (),
    ) -> None:
        self.app = app
        self._has_cors = bool(cors_origins)
        self._request_id_name = REQUEST_ID_HEADER.encode()
        # What one origin may read must not come out of a cache for another one, nor the other way round.
        self._defaults = (*_DEFAULTS.items(), *([_VARY] if cors_origins and "*" not in cors_origins else []))
        self._has_hsts = hsts
        self._knows_scheme = force_https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer back."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD"
        is_options = scope["method"] == "OPTIONS" and not (self._has_cors and is_preflight(scope))
        if is_head or is_options:
            # Of all that know the methods of a path, the router tells them best, when it refuses another one.
            cast("dict[str, Any]", scope)["method"] = "GET" if is_head else "TRACE"

        is_silent = is_head
        large: bytes | None = None

        async def send_completed(message: Message) -> None:
            nonlocal is_silent, large
            if message["type"] == "http.response.start":
                is_refusal = is_options and message["status"] == HTTP_405_METHOD_NOT_ALLOWED
                if is_refusal:
                    is_silent = True
                    message["status"] = HTTP_204_NO_CONTENT
                message["headers"] = self._completed(message["headers"], scope, has_content=not is_refusal)
            elif is_silent and message["type"] == "http.response.body":
                message["body"] = b""
            elif message["type"] == "http.response.body" and len(message["body"]) > LARGE:
                large = message["body"]  # all of it: no answer of ours comes in parts
                return
            await send(cast("HTTPSendMessage", message))

        await self.app(scope, receive, send_completed)
        if large is not None:  # sent only now: who reads slowly holds nothing else, and has time for it
            await send_in_parts(cast("HTTPScope", scope), large, send)

    def _completed(self, headers: Any, scope: Scope, *, has_content: bool) -> list[tuple[bytes, bytes]]:
        given = [
            (name, value + b", HEAD" if name == b"allow" and b"GET" in value else value)
            for name, value in headers
            if has_content or not name.startswith(b"content-")
        ]
        names = {name.lower() for name, _ in given}
        given.append((self._request_id_name, request_id(scope).encode()))
        given += [default for default in self._defaults if default[0] not in names]
        # Never over plain HTTP (RFC 6797, section 7.2), if that can be known: only trusted proxies say what it was.
        if self._has_hsts and not (self._knows_scheme and scope["scheme"] != "https"):
            given.append(_HSTS)
        return given
