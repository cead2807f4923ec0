"""The request as the controllers see it."""

import re
from random import getrandbits
from typing import Any, cast

from litestar import Request
from litestar.datastructures import State
from litestar.types import HTTPScope, Scope

from domain.authentication.principal import Principal
from domain.rate_limits.networks import network_of
from entrypoints.services import Services

REQUEST_ID_HEADER = "x-request-id"
_VALID_ID = re.compile(rb"(?!eyJ|[0-9A-Fa-f]{64})[A-Za-z0-9._-]{1,100}")
"""A plain word; not what looks like a token or a digest, which no log line would show."""
_TRACE_PARENT = re.compile(
    rb"(?:00|(?P<later>(?!00|ff)[0-9a-f]{2}))-(?!0{32})(?P<trace_id>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
    rb"(?(later)(?:-.*)?)"  # later versions may add to it
)


class ApiRequest(Request[Principal, Any, State]):
    """A request that knows the services and who is asking."""

    @property
    def services(self) -> Services:
        """The services this process runs."""
        return cast("Services", self.scope["litestar_app"].state.services)

    @property
    def principal(self) -> Principal:
        """Who is asking; set before any controller that is not public is called."""
        return cast("Principal", self.scope["user"])

    @property
    def owner_id(self) -> int:
        """The account that is asking."""
        return self.principal.account_id

    @property
    def network(self) -> str:
        """The network that is asked from."""
        return network_of(client_address(self.scope))


def client_address(scope: HTTPScope) -> str | None:
    """Return where the request comes from; there is no address behind a Unix socket."""
    client = scope["client"]
    return None if client is None else client[0]


def request_id(scope: Scope) -> str:
    """Return the id of a request.

    It is the one that the client or the proxy gave if that is a plain word, else the trace it belongs to (W3C Trace
    Context, section 3.2), else a new one.
    """
    values = cast("dict[str, Any]", scope)
    known: str | None = values.get("request_id")
    if known is None:
        known = values["request_id"] = _client_request_id(scope) or _new_id()
    return known


def _new_id() -> str:
    return f"{getrandbits(128):032x}"


def _client_request_id(scope: Scope) -> str | None:
    trace_id = None
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _VALID_ID.fullmatch(value):
            return value.decode()
        if name == b"traceparent" and (trace := _TRACE_PARENT.fullmatch(value)):
            trace_id = trace["trace_id"].decode()
    return trace_id


def header(scope: HTTPScope, wanted: bytes) -> str | None:
    """Return the first header of that name, which is in lower case, if there is one."""
    for name, value in scope["headers"]:
        if name == wanted:
            return value.decode("latin-1")
    return None


def bearer_token(scope: HTTPScope) -> str | None:
    """Return the token of the ``Authorization`` header (RFC 6750, section 2.1), if there is one."""
    value = header(scope, b"authorization")
    if value is None:
        return None
    scheme, _, token = value.partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def note_error(scope: Scope, error: Exception) -> None:
    """Keep what went wrong here, rather than at the client, for whoever observes the request."""
    cast("dict[str, Any]", scope)["error"] = error
