"""Headers that keep browsers from doing harm with a response."""

from collections.abc import Awaitable
from functools import lru_cache
from typing import Any

from litestar.types import HTTPScope, Receive, Send

from entrypoints.http.middleware import HttpApp

_DEFAULTS = {
    b"cache-control": b"no-store",  # answers are somebody's own
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",  # no content of ours runs anything
    b"cross-origin-resource-policy": b"same-origin",  # no page elsewhere embeds it, and reads it from its own memory
    b"referrer-policy": b"no-referrer",  # ids and queries stay here
    b"x-content-type-options": b"nosniff",  # JSON is not taken for a script or a page
}
"""Headers of every response that does not set them itself (OWASP's REST security cheat sheet and secure headers).

``X-Frame-Options`` is what ``frame-ancestors`` replaces; ``Permissions-Policy`` and ``Cross-Origin-Opener-Policy`` are
for pages, which set them themselves.
"""

_HSTS = (b"strict-transport-security", b"max-age=31536000")
_VARY = (b"vary", b"Origin")

_CACHE_SIZE = 64
"""Lists of names whose missing headers are remembered; controllers, problems and documentation make a dozen."""


class SecurityHeaders:
    """Gives each response the headers that it does not set itself."""

    def __init__(
        self, app: HttpApp, *, force_https: bool = False, hsts: bool = False, cors_origins: tuple[str, ...] = ()
    ) -> None:
        self.app = app
        # What one origin may read must not come out of a cache for another one, nor the other way round.
        varies = bool(cors_origins) and "*" not in cors_origins
        self._defaults = (*_DEFAULTS.items(), *([_VARY] if varies else []))
        self._missing = lru_cache(_CACHE_SIZE)(self._not_among)
        self._has_hsts = hsts
        self._knows_scheme = force_https

    def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on, and its response back."""
        # Never over plain HTTP (RFC 6797, section 7.2), if that can be known: only trusted proxies say what it was.
        has_hsts = self._has_hsts and not (self._knows_scheme and scope["scheme"] != "https")

        def send_completed(message: Any) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                missing = self._missing(tuple([name for name, _ in headers]))
                message["headers"] = [*headers, *missing, _HSTS] if has_hsts else [*headers, *missing]
            return send(message)

        return self.app(scope, receive, send_completed)

    def _not_among(self, names: tuple[bytes, ...]) -> list[tuple[bytes, bytes]]:
        given = {name.lower() for name in names}
        return [default for default in self._defaults if default[0] not in given]
