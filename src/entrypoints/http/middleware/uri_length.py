"""How long the target of a request may be."""

from collections.abc import Awaitable

from litestar.status_codes import HTTP_414_REQUEST_URI_TOO_LONG
from litestar.types import HTTPScope, Receive, Send

from entrypoints.http.middleware import HttpApp
from entrypoints.http.refusals import refuse

MAX_PATH_LENGTH = 1_024
_MAX_QUERY_LENGTH = 8_192
_MAX_PARAMETERS = 50
"""Bounds, in bytes, of what the framework keeps in its caches of the last thousand paths and queries."""


class UriLength:
    """Refuses requests with a long path or query."""

    def __init__(self, app: HttpApp) -> None:
        self.app = app

    def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on, or answer it here."""
        query = scope["query_string"]
        if len(scope["path"]) <= MAX_PATH_LENGTH and (
            not query or (len(query) <= _MAX_QUERY_LENGTH and query.count(b"&") < _MAX_PARAMETERS)
        ):
            return self.app(scope, receive, send)
        return refuse(
            scope,
            receive,
            send,
            HTTP_414_REQUEST_URI_TOO_LONG,
            code="uri_too_long",
            detail="The path or the query is too long.",
        )
