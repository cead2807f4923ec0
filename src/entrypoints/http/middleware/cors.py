"""Which pages of other origins may call the service (the Fetch standard's CORS protocol)."""

import re
from collections.abc import Awaitable
from typing import Any, cast

from litestar.config.cors import CORSConfig
from litestar.status_codes import HTTP_400_BAD_REQUEST, HTTP_403_FORBIDDEN
from litestar.types import ASGIApp, HTTPScope, Receive, Send

from entrypoints.http.context import REQUEST_ID_HEADER
from entrypoints.http.headers import header
from entrypoints.http.middleware import HttpApp
from entrypoints.http.problems import send_problem
from entrypoints.http.rate_limits import RATE_LIMIT_HEADER, RATE_LIMIT_POLICY_HEADER

_EXPOSED = (
    "Allow",
    "ETag",
    "Link",
    "Location",
    RATE_LIMIT_HEADER,
    RATE_LIMIT_POLICY_HEADER,
    "Retry-After",
    "WWW-Authenticate",
    REQUEST_ID_HEADER,
)
"""What a page may read beside the few headers that it always may: all that this service says in headers."""

_NAMES = re.compile(r"[\w!#$%&'*+.^`|~,\t -]*", re.ASCII)
"""Names of headers (RFC 9110, section 5.6.2), and what may stand between them."""


def cors_config(origins: tuple[str, ...]) -> CORSConfig | None:
    """Return what the framework needs to know of CORS; ``None`` if no page of another origin may call."""
    if not origins:
        return None
    return CORSConfig(
        allow_origins=list(origins),
        allow_methods=["GET", "HEAD", "POST", "PATCH", "DELETE"],
        # Whatever is asked for: tracing and other tools of a page bring headers of their own, and none of ours gives
        # anybody a right. That is the token's, and which pages may ask is said by their origins.
        allow_headers=["*"],
        expose_headers=list(_EXPOSED),
        max_age=600,
    )


def is_preflight(scope: HTTPScope) -> bool:
    """Tell whether a browser asks beforehand what a page may do."""
    return scope["method"] == "OPTIONS" and any(
        name == b"access-control-request-method" for name, _ in scope["headers"]
    )


def _asks_for_names(scope: HTTPScope) -> bool:
    """Tell whether what a page wants to send are names of headers: they are told back to it, and nothing else is."""
    return _NAMES.fullmatch(header(scope, b"access-control-request-headers") or "") is not None


class Cors:
    """Tells browsers which pages may read a response, and which may make a request at all.

    The framework's own layer does that. What it says to a preflight that it refuses is a line of text; here it is a
    problem.
    """

    def __init__(self, app: HttpApp, framework: ASGIApp) -> None:
        cast("Any", framework).app = app
        self._framework = framework

    def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on, and its response back."""
        if is_preflight(scope):
            return self._preflight(scope, receive, send)
        return self._framework(scope, receive, send)

    async def _preflight(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        is_refused = False

        async def send_unless_refused(message: Any) -> None:
            nonlocal is_refused
            if message["type"] == "http.response.start":
                is_refused = message["status"] == HTTP_400_BAD_REQUEST
            if not is_refused:
                await send(message)

        if _asks_for_names(scope):
            await self._framework(scope, receive, send_unless_refused)
        else:
            is_refused = True
        if is_refused:
            await send_problem(
                scope,
                receive,
                send,
                HTTP_403_FORBIDDEN,
                code="cors_refused",
                detail="Pages of this origin may not make a request with this method and these headers.",
            )
