"""Headers and addresses of requests, and descriptions of headers of responses."""

from litestar.datastructures import ResponseHeader
from litestar.types import HTTPScope

FORM = "application/x-www-form-urlencoded"
"""The media type of forms."""

LOCATION = ResponseHeader(name="Location", documentation_only=True, description="Where the new thing is.")
LINK = ResponseHeader(
    name="Link", documentation_only=True, description='The next page, relative to this one, with rel="next" (RFC 8288).'
)


def client_address(scope: HTTPScope) -> str | None:
    """Return where the request comes from; there is no address behind a Unix socket."""
    client = scope["client"]
    return None if client is None else client[0]


def header(scope: HTTPScope, wanted: bytes) -> str | None:
    """Return the first header of that name, which is in lower case, if there is one."""
    for name, value in scope["headers"]:
        if name == wanted:
            return value.decode("latin-1")
    return None


def header_lines(scope: HTTPScope, wanted: bytes) -> str | None:
    """Return all headers of that name as the one list that they are (RFC 9110, section 5.3), if there are any."""
    lines = [value for name, value in scope["headers"] if name == wanted]
    return b", ".join(lines).decode("latin-1") if lines else None


def bearer_token(scope: HTTPScope) -> str | None:
    """Return the token of the ``Authorization`` header (RFC 6750, section 2.1), if there is one."""
    value = header(scope, b"authorization")
    if value is None:
        return None
    scheme, _, token = value.partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
