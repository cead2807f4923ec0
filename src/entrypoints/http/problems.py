"""Everything that goes wrong, as problem details (RFC 9457). The only place that knows status codes of errors."""

import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.status_codes import (
    HTTP_400_BAD_REQUEST,
    HTTP_401_UNAUTHORIZED,
    HTTP_403_FORBIDDEN,
    HTTP_404_NOT_FOUND,
    HTTP_405_METHOD_NOT_ALLOWED,
    HTTP_408_REQUEST_TIMEOUT,
    HTTP_409_CONFLICT,
    HTTP_412_PRECONDITION_FAILED,
    HTTP_413_REQUEST_ENTITY_TOO_LARGE,
    HTTP_414_REQUEST_URI_TOO_LONG,
    HTTP_415_UNSUPPORTED_MEDIA_TYPE,
    HTTP_422_UNPROCESSABLE_ENTITY,
    HTTP_429_TOO_MANY_REQUESTS,
    HTTP_500_INTERNAL_SERVER_ERROR,
    HTTP_503_SERVICE_UNAVAILABLE,
)
from litestar.types import HTTPScope, Receive, Send
from msgspec import UNSET, Meta, Struct, UnsetType

from domain.errors import (
    Conflict,
    DomainError,
    Forbidden,
    InsufficientScope,
    Invalid,
    NotFound,
    Overloaded,
    QueryTooExpensive,
    QuotaExceeded,
    QuotaName,
    StaleVersion,
    TooManyConcurrent,
    Unauthenticated,
    Unavailable,
    WrongCredentials,
)
from domain.rate_limits.errors import RateLimited
from entrypoints.http.context import context_of
from entrypoints.http.headers import bearer_token
from entrypoints.http.oauth_errors import oauth_error
from entrypoints.http.preconditions import etag
from entrypoints.http.rate_limits import note_concurrency, note_refusal
from entrypoints.http.throttle import Throttle

PROBLEM_JSON = "application/problem+json"

_log = logging.getLogger(__name__)
_tracebacks = Throttle(seconds=60)
"""Of what is unavailable. It is so for many requests at once, and a traceback costs more than to serve one of them."""

_RETRY_AFTER = "5"
"""Seconds."""

_made_by_clients = Throttle(seconds=1)
"""What they ask too much of is no fault here, and happens as often as they like."""

_MAX_NAME_LENGTH = 300
"""Characters of a client's own words that it gets back; nobody needs to read more."""

_STATUS: dict[type[DomainError], int] = {
    Invalid: HTTP_422_UNPROCESSABLE_ENTITY,
    Unauthenticated: HTTP_401_UNAUTHORIZED,
    Forbidden: HTTP_403_FORBIDDEN,
    NotFound: HTTP_404_NOT_FOUND,
    Conflict: HTTP_409_CONFLICT,
    StaleVersion: HTTP_412_PRECONDITION_FAILED,
    RateLimited: HTTP_429_TOO_MANY_REQUESTS,
    TooManyConcurrent: HTTP_429_TOO_MANY_REQUESTS,
    Unavailable: HTTP_503_SERVICE_UNAVAILABLE,
    QueryTooExpensive: HTTP_503_SERVICE_UNAVAILABLE,
}

_CODES = {
    HTTP_400_BAD_REQUEST: "bad_request",
    HTTP_401_UNAUTHORIZED: Unauthenticated.code,
    HTTP_403_FORBIDDEN: Forbidden.code,
    HTTP_404_NOT_FOUND: NotFound.code,
    HTTP_405_METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTP_408_REQUEST_TIMEOUT: "body_timeout",
    HTTP_413_REQUEST_ENTITY_TOO_LARGE: "body_too_large",
    HTTP_415_UNSUPPORTED_MEDIA_TYPE: "unsupported_media_type",
    HTTP_422_UNPROCESSABLE_ENTITY: Invalid.code,
}

TITLES = {
    HTTP_400_BAD_REQUEST: "Bad Request",
    HTTP_401_UNAUTHORIZED: "Unauthorized",
    HTTP_403_FORBIDDEN: "Forbidden",
    HTTP_404_NOT_FOUND: "Not Found",
    HTTP_405_METHOD_NOT_ALLOWED: "Method Not Allowed",
    HTTP_408_REQUEST_TIMEOUT: "Request Timeout",
    HTTP_409_CONFLICT: "Conflict",
    HTTP_412_PRECONDITION_FAILED: "Precondition Failed",
    HTTP_413_REQUEST_ENTITY_TOO_LARGE: "Content Too Large",
    HTTP_414_REQUEST_URI_TOO_LONG: "URI Too Long",
    HTTP_415_UNSUPPORTED_MEDIA_TYPE: "Unsupported Media Type",
    HTTP_422_UNPROCESSABLE_ENTITY: "Unprocessable Content",
    HTTP_429_TOO_MANY_REQUESTS: "Too Many Requests",
    HTTP_500_INTERNAL_SERVER_ERROR: "Internal Server Error",
    HTTP_503_SERVICE_UNAVAILABLE: "Service Unavailable",
}
"""The names of RFC 9110; Python's own differ from version to version."""

_DETAILS = {
    HTTP_404_NOT_FOUND: "There is nothing at this path.",
    HTTP_405_METHOD_NOT_ALLOWED: "This path does not answer to this method; the Allow header names those it does.",
    HTTP_408_REQUEST_TIMEOUT: "The body did not arrive in time.",
    HTTP_413_REQUEST_ENTITY_TOO_LARGE: "The body is larger than this takes.",
}


class InvalidValue(Struct, frozen=True, kw_only=True):
    """A value that was not accepted: where it stands, and why."""

    detail: str
    pointer: Annotated[str, Meta(description="JSON pointer (RFC 6901) into the body.")] | UnsetType = UNSET
    parameter: Annotated[str, Meta(description="Name of a query parameter or header.")] | UnsetType = UNSET


class Problem(Struct, frozen=True, kw_only=True):
    """What went wrong (RFC 9457). ``code`` is stable; the words may change."""

    type: str = "about:blank"
    title: str
    status: int
    code: Annotated[str, Meta(description="A stable word for programs.")]
    detail: str
    request_id: Annotated[str, Meta(description="Also in the X-Request-ID header and in the server's log.")]
    errors: list[InvalidValue] | UnsetType = UNSET
    quota: Annotated[QuotaName, Meta(description="Of which there would be too much.")] | UnsetType = UNSET
    error: Annotated[str, Meta(description="For clients of OAuth 2.0 (RFC 6749, section 5.2).")] | UnsetType = UNSET
    error_description: Annotated[str, Meta(description="The detail, where there is an `error`.")] | UnsetType = UNSET


class MalformedBody(HTTPException):
    """The body is not what its media type says."""

    status_code = HTTP_400_BAD_REQUEST


class UnsupportedMediaType(HTTPException):
    """The body is of a media type that is not understood here."""

    status_code = HTTP_415_UNSUPPORTED_MEDIA_TYPE


class SlowBody(HTTPException):
    """The body did not arrive in time. What may still come of it cannot be told from the next request."""

    status_code = HTTP_408_REQUEST_TIMEOUT

    def __init__(self) -> None:
        super().__init__(headers={"connection": "close"})


class UnknownParameters(HTTPException):
    """The query has parameters that the route does not know."""

    status_code = HTTP_422_UNPROCESSABLE_ENTITY

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__()
        self.names = names


def parameters_problem(request: Request[Any, Any, Any], error: UnknownParameters) -> Response[Problem]:
    """Name each parameter that is not known."""
    names = [name[:_MAX_NAME_LENGTH] for name in error.names]
    return problem(
        request,
        error.status_code,
        code="unknown_parameter",
        detail="The query has parameters that are not known here.",
        errors=[InvalidValue(detail="There is no such parameter.", parameter=name) for name in names],
    )


def domain_problem(request: Request[Any, Any, Any], error: DomainError) -> Response[Problem]:
    """Translate an error of the domain."""
    status = next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
    errors: list[InvalidValue] = []
    headers: dict[str, str] = {}
    if isinstance(error, Invalid):
        errors = [
            InvalidValue(
                detail=fault.detail,
                pointer=UNSET if fault.pointer is None else fault.pointer,
                parameter=fault.parameter or UNSET,
            )
            for fault in error.faults
        ]
    elif isinstance(error, Unauthenticated):
        was_presented = bearer_token(request.scope) is not None and not isinstance(error, WrongCredentials)
        headers["www-authenticate"] = 'Bearer error="invalid_token"' if was_presented else "Bearer"
    elif isinstance(error, StaleVersion) and error.current is not None:
        headers["etag"] = etag(error.current)
    elif isinstance(error, InsufficientScope):
        headers["www-authenticate"] = f'Bearer error="insufficient_scope", scope="{error.scope}"'
    elif isinstance(error, RateLimited):
        headers["retry-after"] = str(error.retry_after)
        note_refusal(request.scope, error)
    elif isinstance(error, TooManyConcurrent):
        headers["retry-after"] = str(error.retry_after)
        note_concurrency(request.scope)
    elif isinstance(error, (QueryTooExpensive, Overloaded)):
        headers["retry-after"] = _RETRY_AFTER
        if _made_by_clients.is_due(error.code):
            name = context_of(request.scope).id
            _log.warning("%s Request %s", error.detail, name, extra={"request_id": name})
    elif isinstance(error, Unavailable):
        headers["retry-after"] = _RETRY_AFTER
        context_of(request.scope).error = error
        request_name = context_of(request.scope).id
        _log.error(
            "%s Request %s",
            error.detail,
            request_name,
            exc_info=error if _tracebacks.is_due((type(error.__cause__), error.detail)) else None,
            extra={"request_id": request_name},
        )
    quota = error.quota if isinstance(error, QuotaExceeded) else UNSET
    return problem(request, status, code=error.code, detail=error.detail, errors=errors, quota=quota, headers=headers)


def http_problem(request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    """Translate an error of the framework, keeping its headers.

    What answers to GET answers to HEAD as well, which the framework does not know.
    """
    if error.status_code >= HTTP_500_INTERNAL_SERVER_ERROR:
        return unexpected_problem(request, error)
    headers = dict(error.headers or {})
    if "GET" in headers.get("allow", ""):
        headers["allow"] += ", HEAD"
    return problem(
        request,
        error.status_code,
        code=getattr(error, "code", None) or _CODES.get(error.status_code, "bad_request"),
        detail=_DETAILS.get(error.status_code) or error.detail,
        headers=headers,
    )


def unexpected_problem(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """Log what nobody expected, and tell the client nothing but the id under which it is logged."""
    context_of(request.scope).error = error
    _log.error(
        "Unexpected error in %s %r, request %s",
        request.method,
        request.scope["path"],
        context_of(request.scope).id,
        exc_info=error,
        extra={"request_id": context_of(request.scope).id},
    )
    return problem(
        request,
        HTTP_500_INTERNAL_SERVER_ERROR,
        code="internal_error",
        detail="Something went wrong here. The request id helps to find out what.",
    )


def problem(
    request: Request[Any, Any, Any],
    status: int,
    *,
    code: str,
    detail: str,
    errors: list[InvalidValue] | None = None,
    quota: QuotaName | UnsetType = UNSET,
    headers: dict[str, str] | None = None,
) -> Response[Problem]:
    """Return the response that describes a problem."""
    oauth = oauth_error(request.scope, status=status, code=code)
    if oauth is not None:
        status = oauth.status
    content = Problem(
        title=TITLES.get(status) or HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        request_id=context_of(request.scope).id,
        errors=errors or UNSET,
        quota=quota,
        error=UNSET if oauth is None else oauth.name,
        error_description=UNSET if oauth is None else detail,
    )
    return Response(content, status_code=status, media_type=PROBLEM_JSON, headers=headers or {})


async def send_problem(
    scope: HTTPScope,
    receive: Receive,
    send: Send,
    status: int,
    *,
    code: str,
    detail: str,
    errors: list[InvalidValue] | None = None,
    headers: dict[str, str] | None = None,
) -> None:
    """Answer with a problem where no controller is reached."""
    request: Request[Any, Any, Any] = Request(scope, receive=receive, send=send)
    answer: Any = problem(request, status, code=code, detail=detail, errors=errors, headers=headers)
    await answer.to_asgi_response(app=None, request=request)(scope, receive, send)


async def send_error(scope: HTTPScope, receive: Receive, send: Send, error: Exception) -> None:
    """Answer with the problem that an error is."""
    request: Request[Any, Any, Any] = Request(scope, receive=receive, send=send)
    answer: Any = next(EXCEPTION_HANDLERS[kind] for kind in type(error).__mro__ if kind in EXCEPTION_HANDLERS)(
        request, error
    )
    await answer.to_asgi_response(app=None, request=request)(scope, receive, send)


EXCEPTION_HANDLERS: dict[int | type[Exception], Any] = {
    DomainError: domain_problem,
    UnknownParameters: parameters_problem,
    HTTPException: http_problem,
    Exception: unexpected_problem,
}
