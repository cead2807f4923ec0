"""Which requests go no further, for what their first lines say."""

import re
from functools import lru_cache
from typing import NamedTuple, cast
from urllib.parse import quote

from litestar.status_codes import (
    HTTP_308_PERMANENT_REDIRECT,
    HTTP_400_BAD_REQUEST,
    HTTP_403_FORBIDDEN,
    HTTP_414_REQUEST_URI_TOO_LONG,
)
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from domain.rate_limits.errors import RateLimited
from entrypoints.http.problems import send_domain_problem, send_problem
from entrypoints.http.rate_limits import count

MAX_PATH_LENGTH = 1_024
_MAX_QUERY_LENGTH = 8_192
_MAX_PARAMETERS = 50
"""Bounds, in bytes, of what the framework keeps in its caches of the last thousand paths and queries."""

_PLAIN = "/:@!$&'()*+,;=~%?"
"""Characters that mean what they say in a path or a query (RFC 3986, section 3.3), and those that escape others."""

_HOST_CACHE_SIZE = 64
"""Host headers whose meaning is remembered; most clients send the same one."""

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]{1,255})(:[0-9]{0,5})?")


class Refusal(NamedTuple):
    """Why a request goes no further, or where it should have gone."""

    status: int
    code: str
    detail: str


class Redirect(NamedTuple):
    """Where a request should have gone."""

    location: str


_UNKNOWN_HOST = Refusal(HTTP_400_BAD_REQUEST, "unknown_host", "This service is not called by that name.")
_TOO_LONG = Refusal(HTTP_414_REQUEST_URI_TOO_LONG, "uri_too_long", "The path or the query is too long.")
_HTTPS_REQUIRED = Refusal(
    HTTP_403_FORBIDDEN,
    "https_required",
    "This service is called over HTTPS only. A secret in this request has been sent in the clear: change it.",
)


class Admission:
    """Judges requests by host, scheme and size.

    A request over plain HTTP is redirected only if nothing can have leaked with it: one that reads, and bears no
    secret. Any other is refused, because a client that is redirected sends its password or token in the clear each
    time, and nobody notices. Probes of the health know an address only, and come from inside.
    """

    def __init__(self, app: ASGIApp, *, allowed_hosts: tuple[str, ...] = ("*",), force_https: bool = False) -> None:
        self.app = app
        self._allowed_hosts = None if "*" in allowed_hosts else tuple(host.lower() for host in allowed_hosts)
        self._force_https = force_https
        self._name = lru_cache(_HOST_CACHE_SIZE)(self._checked_name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it here."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self.app(scope, receive, send)
            return
        http_scope = cast("HTTPScope", scope)
        try:
            await count(http_scope)  # what goes no further is no way to ask as often as one likes
        except RateLimited as error:
            await send_domain_problem(http_scope, receive, send, error)
            return
        if isinstance(refusal, Redirect):
            await _redirect(refusal, send)
        else:
            await send_problem(http_scope, receive, send, refusal.status, code=refusal.code, detail=refusal.detail)

    def _refusal(self, scope: HTTPScope) -> Refusal | Redirect | None:
        """Return why a request goes no further; ``None`` if it does."""
        path, query = scope["path"], scope["query_string"]
        if len(path) > MAX_PATH_LENGTH or len(query) > _MAX_QUERY_LENGTH or query.count(b"&") >= _MAX_PARAMETERS:
            return _TOO_LONG
        if path.startswith("/health"):
            return None
        host = self._host(scope)
        if host is None:
            return _UNKNOWN_HOST
        if self._force_https and scope["scheme"] != "https":
            if scope["method"] not in {"GET", "HEAD"} or _bears_secret(scope):
                return _HTTPS_REQUIRED
            return Redirect(f"https://{host}{_target(scope)}")
        return None

    def _host(self, scope: HTTPScope) -> str | None:
        """Return the host that was asked for, without its port; ``None`` if it is none of ours or not clear.

        A request of HTTP/1.1 has exactly one Host header (RFC 9112, section 3.2). An older one may have none, as long
        as nobody cares.
        """
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) == 1:
            return self._name(hosts[0])
        is_old = not hosts and scope["http_version"] in {"1.0", "1"}  # as the server calls it
        return "" if is_old and self._allowed_hosts is None and not self._force_https else None

    def _checked_name(self, host: bytes) -> str | None:
        match = _HOST.fullmatch(host.decode("latin-1").lower())
        if match is None:
            return None
        name = match["name"]
        is_ours = self._allowed_hosts is None or any(
            name == allowed or (allowed.startswith("*.") and name.endswith(allowed[1:]))
            for allowed in self._allowed_hosts
        )
        return name if is_ours else None


async def _redirect(redirect: Redirect, send: Send) -> None:
    headers = [(b"location", redirect.location.encode()), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": HTTP_308_PERMANENT_REDIRECT, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _bears_secret(scope: HTTPScope) -> bool:
    return any(name in {b"authorization", b"cookie"} for name, _ in scope["headers"])


def _target(scope: HTTPScope) -> str:
    """Return the path and the query as they were asked for, in characters that a header may have.

    What is no path (``OPTIONS *``, for one) would become part of the host.
    """
    path = scope["raw_path"].partition(b"?")[0]
    if not path.startswith(b"/"):
        return "/"
    query = scope["query_string"]
    return quote(path, safe=_PLAIN) + (f"?{quote(query, safe=_PLAIN)}" if query else "")
