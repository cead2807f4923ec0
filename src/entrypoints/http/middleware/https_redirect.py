"""Requests over plain HTTP, where the service is to be called over HTTPS only."""

from collections.abc import Awaitable
from urllib.parse import quote

from litestar.status_codes import HTTP_308_PERMANENT_REDIRECT, HTTP_403_FORBIDDEN
from litestar.types import HTTPScope, Receive, Send

from entrypoints.http.context import context_of
from entrypoints.http.middleware import HttpApp
from entrypoints.http.refusals import is_counted, refuse

_PLAIN = "/:@!$&'()*+,;=~%?"
"""Characters that mean what they say in a path or a query (RFC 3986, section 3.3), and those that escape others."""


class HttpsRedirect:
    """Redirects requests over plain HTTP, or refuses them.

    A request is redirected only if nothing can have leaked with it: one that reads, and bears no secret. Any other is
    refused, because a client that is redirected sends its password or token in the clear each time, and nobody
    notices. Probes of the health come from inside, over plain HTTP. Stands behind ``TrustedHosts``, which knows where
    to redirect.
    """

    def __init__(self, app: HttpApp) -> None:
        self.app = app

    def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on, or answer it here."""
        if scope["scheme"] == "https" or scope["path"].startswith("/health"):
            return self.app(scope, receive, send)
        if scope["method"] in {"GET", "HEAD"} and not _bears_secret(scope):
            return _redirect(scope, receive, send)
        return refuse(
            scope,
            receive,
            send,
            HTTP_403_FORBIDDEN,
            code="https_required",
            detail="This service is called over HTTPS only. A secret in this request has been sent in the clear: "
            "change it.",
        )


async def _redirect(scope: HTTPScope, receive: Receive, send: Send) -> None:
    if not await is_counted(scope, receive, send):
        return
    context = context_of(scope)
    location = f"https://{context.host}{context.prefix}{_target(scope)}"
    headers = [(b"location", location.encode()), (b"content-length", b"0")]
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
