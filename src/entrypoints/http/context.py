"""What becomes known of a request while it is answered."""

import re
from random import getrandbits
from typing import Any, cast

from litestar.types import HTTPScope, Scope
from msgspec import Struct

from domain.authentication.principal import Principal
from domain.concurrency.caller import Caller
from domain.rate_limits.networks import network_of
from entrypoints.http.headers import client_address
from entrypoints.services import Services

REQUEST_ID_HEADER = "x-request-id"
_REQUEST_ID_NAME = REQUEST_ID_HEADER.encode()
_KEY = "request_context"

_VALID_ID = re.compile(rb"(?!eyJ|[0-9A-Fa-f]{64})[A-Za-z0-9._-]{1,100}")
"""A plain word; not what looks like a token or a digest, which no log line would show."""
_TRACE_PARENT = re.compile(
    rb"(?:00|(?P<later>(?!00|ff)[0-9a-f]{2}))-(?!0{32})(?P<trace_id>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
    rb"(?(later)(?:-.*)?)"  # later versions may add to it
)


class RequestContext(Struct, kw_only=True):
    """What the layers and the controllers tell each other of one request.

    ``id`` is the one that the client or the proxy gave if that is a plain word, else the trace it belongs to (W3C Trace
    Context, section 3.2), else a new one. ``method`` and ``path`` are those that were asked for; layers and the router
    put others into the scope.
    """

    id: str
    method: str
    path: str
    response_headers: dict[bytes, bytes]
    """Headers that the response gets besides its own, whatever it is."""
    services: Services | None = None
    """See ``services_of``."""
    status: int | None = None
    """The status of the response; ``None`` until that begins."""
    peer: tuple[str, int] | None = None
    """The other end of the connection, where that is a proxy's and not the client's."""
    prefix: str = ""
    """The path under which the client calls the service, such as ``/api``; empty at the root. No path here has it."""
    host: str = ""
    """The name under which the service was asked, without its port; empty if there is none."""
    body: bytes = b""
    """The whole body, once it has been read."""
    principal: Principal | None = None
    """Who is asking, as soon as that is known."""
    caller: Caller | None = None
    """See ``caller_of``."""
    rate_limited_by: str | None = None
    """The quota that was used up, or what else is limited."""
    error: Exception | None = None
    """What went wrong here, rather than at the client."""


def context_of(scope: Scope) -> RequestContext:
    """Return what is known of a request; its first call begins to know it."""
    values: dict[str, Any] = scope  # pyright: ignore[reportAssignmentType] - a cast is a call, too
    try:
        return values[_KEY]
    except KeyError:
        context = values[_KEY] = _new_context(scope)
        return context


def services_of(scope: Scope) -> Services:
    """Return the services that this process runs; the framework takes its time to find them."""
    context = context_of(scope)
    if context.services is None:
        context.services = cast("Services", scope["litestar_app"].state["services"])
    return context.services


def caller_of(scope: HTTPScope) -> Caller:
    """Return who shares what is limited; to be asked when it is known who is asking.

    Whoever is signed in shares with the same account, anybody else with the same network.
    """
    context = context_of(scope)
    if context.caller is None:
        network = network_of(client_address(scope))
        own = network if context.principal is None else context.principal.account_id
        context.caller = Caller(own, network)
    return context.caller


def _new_context(scope: Scope) -> RequestContext:
    request_id = _client_request_id(scope) or _new_id()
    return RequestContext(
        id=request_id,
        method=cast("dict[str, Any]", scope).get("method", ""),  # a WebSocket has none
        path=scope["path"],
        response_headers={_REQUEST_ID_NAME: request_id.encode()},
    )


def _new_id() -> str:
    return f"{getrandbits(128):032x}"


def _client_request_id(scope: Scope) -> str | None:
    trace_id = None
    for name, value in scope["headers"]:
        if name == _REQUEST_ID_NAME and _VALID_ID.fullmatch(value):
            return value.decode()
        if name == b"traceparent" and (trace := _TRACE_PARENT.fullmatch(value)):
            trace_id = trace["trace_id"].decode()
    return trace_id
