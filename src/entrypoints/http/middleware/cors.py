"""Which pages of other origins may call the service (the Fetch standard's CORS protocol)."""

import re
from collections.abc import Awaitable
from typing import Any, cast

from litestar.config.cors import CORSConfig
from litestar.status_codes import HTTP_403_FORBIDDEN
from litestar.types import ASGIApp, HTTPScope, Receive, Send

from entrypoints.http.context import REQUEST_ID_HEADER
from entrypoints.http.headers import header
from entrypoints.http.middleware import HttpApp
from entrypoints.http.problems import InvalidValue, send_problem
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

_METHOD = "Access-Control-Request-Method"
_HEADERS = "Access-Control-Request-Headers"
_OF_PREFLIGHTS = {b"origin", _METHOD.lower().encode()}

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
    """Tell whether a browser asks beforehand what a page may do; what else is asked with ``OPTIONS`` is asked of us."""
    return scope["method"] == "OPTIONS" and {name for name, _ in scope["headers"]} >= _OF_PREFLIGHTS


class Cors:
    """Tells browsers which pages may read a response, and which may make a request at all.

    The framework's own layer does that. What it says to a preflight that it would refuse is a line of text; here it is
    a problem.
    """

    def __init__(self, app: HttpApp, framework: ASGIApp) -> None:
        layer = cast("Any", framework)
        layer.app = app
        self._framework = framework
        self._config: CORSConfig = layer.config

    def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on, and its response back."""
        refused = self._refused(scope) if is_preflight(scope) else None
        if not refused:
            return self._framework(scope, receive, send)
        return send_problem(
            scope,
            receive,
            send,
            HTTP_403_FORBIDDEN,
            code="cors_refused",
            detail=" ".join(value.detail for value in refused),
            errors=refused,
        )

    def _refused(self, scope: HTTPScope) -> list[InvalidValue]:
        """Return what a page may not do of what it wants to do."""
        refused: list[InvalidValue] = []
        if not self._config.is_origin_allowed(header(scope, b"origin") or ""):
            refused.append(InvalidValue(detail="Pages of this origin may not call this service.", parameter="Origin"))
        if header(scope, _METHOD.lower().encode()) not in self._config.allow_methods:
            allowed = ", ".join(self._config.allow_methods)
            refused.append(
                InvalidValue(detail=f"Pages may not use this method; they may use {allowed}.", parameter=_METHOD)
            )
        # What they want to send is told back to them, and so has to be names.
        if _NAMES.fullmatch(header(scope, _HEADERS.lower().encode()) or "") is None:
            refused.append(InvalidValue(detail="These are no names of headers.", parameter=_HEADERS))
        return refused
