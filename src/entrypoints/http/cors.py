"""Which pages of other origins may call the service (the Fetch standard's CORS protocol)."""

from litestar.config.cors import CORSConfig
from litestar.status_codes import HTTP_400_BAD_REQUEST, HTTP_403_FORBIDDEN
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from entrypoints.http.problems import send_problem
from entrypoints.http.rate_limits import RATE_LIMIT_HEADER, RATE_LIMIT_POLICY_HEADER
from entrypoints.http.request import REQUEST_ID_HEADER

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


def cors_config(origins: tuple[str, ...]) -> CORSConfig | None:
    """Return what the framework needs to know of CORS; ``None`` if no page of another origin may call."""
    if not origins:
        return None
    return CORSConfig(
        allow_origins=list(origins),
        allow_methods=["GET", "HEAD", "POST", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "If-Match", "If-None-Match", REQUEST_ID_HEADER],
        expose_headers=list(_EXPOSED),
        max_age=600,
    )


def is_preflight(scope: HTTPScope) -> bool:
    """Tell whether a browser asks beforehand what a page may do."""
    return scope["method"] == "OPTIONS" and any(
        name == b"access-control-request-method" for name, _ in scope["headers"]
    )


class RefusedPreflights:
    """Says with a problem that a page may not do what it wants to; the framework says it with a line of text."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer back if it is none of the framework's refusals."""
        if scope["type"] != "http" or not is_preflight(scope):
            await self.app(scope, receive, send)
            return
        is_refused = False

        async def send_unless_refused(message: Message) -> None:
            nonlocal is_refused
            if message["type"] == "http.response.start":
                is_refused = message["status"] == HTTP_400_BAD_REQUEST
            if not is_refused:
                await send(message)

        await self.app(scope, receive, send_unless_refused)
        if is_refused:
            await send_problem(
                scope,
                receive,
                send,
                HTTP_403_FORBIDDEN,
                code="cors_refused",
                detail="Pages of this origin may not make a request with this method and these headers.",
            )
