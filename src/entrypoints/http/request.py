"""The request as the controllers see it."""

import re
from typing import Any, cast
from uuid import uuid4

from litestar import Request
from litestar.datastructures import State
from litestar.types import HTTPScope, Scope

from domain.authentication.principal import Principal
from entrypoints.services import Services

REQUEST_ID_HEADER = "x-request-id"
_GOOD_ID = re.compile(rb"[A-Za-z0-9._-]{1,100}")


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


def request_id(scope: Scope) -> str:
    """Return the id of a request: the client's or the proxy's if it is a plain word, else a new one."""
    values = cast("dict[str, Any]", scope)
    if "request_id" not in values:
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        values["request_id"] = given.decode() if _GOOD_ID.fullmatch(given) else uuid4().hex
    return values["request_id"]


def bearer_token(scope: HTTPScope) -> str | None:
    """Return the token of the ``Authorization`` header (RFC 6750, section 2.1), if there is one."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.decode("latin-1").partition(" ")
            return token.strip() or None if scheme.lower() == "bearer" else None
    return None
