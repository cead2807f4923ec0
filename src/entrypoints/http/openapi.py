"""The OpenAPI document (3.1), made of what the routes declare and corrected where the framework guesses."""

from collections.abc import Iterator
from functools import cached_property, lru_cache
from threading import Lock
from typing import Any, cast

import msgspec
from litestar import Controller, Litestar, Response
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.routes import HTTPRoute
from litestar.status_codes import (
    HTTP_300_MULTIPLE_CHOICES,
    HTTP_304_NOT_MODIFIED,
    HTTP_400_BAD_REQUEST,
    HTTP_401_UNAUTHORIZED,
    HTTP_403_FORBIDDEN,
    HTTP_404_NOT_FOUND,
    HTTP_408_REQUEST_TIMEOUT,
    HTTP_413_REQUEST_ENTITY_TOO_LARGE,
    HTTP_415_UNSUPPORTED_MEDIA_TYPE,
    HTTP_422_UNPROCESSABLE_ENTITY,
    HTTP_429_TOO_MANY_REQUESTS,
    HTTP_500_INTERNAL_SERVER_ERROR,
    HTTP_503_SERVICE_UNAVAILABLE,
)
from msgspec import Struct

from entrypoints.http.bodies import JsonBody
from entrypoints.http.compression import Coding
from entrypoints.http.examples import EXAMPLES
from entrypoints.http.headers import FORM
from entrypoints.http.meta import NAME
from entrypoints.http.oauth import TOKEN_PATH
from entrypoints.http.problems import PROBLEM_JSON, TITLES, Problem
from entrypoints.http.rate_limits import RATE_LIMIT_HEADER, RATE_LIMIT_POLICY_HEADER
from entrypoints.http.routes import options_of
from entrypoints.http.schemas import as_form, schemas_of
from entrypoints.version import VERSION

_DESCRIPTION = """A to-do service that other programs build on.

Times are RFC 3339 with an offset, and in UTC where they come from here. Ids are 64-bit integers. Whatever goes wrong
is a problem (RFC 9457) with a stable `code`. Every path answers with and without a slash at its end, and to `HEAD`
where it answers to `GET`. A query with a parameter that the path does not know is 422, as is a body with such a field.
"""

HEADERS: dict[str, dict[str, Any]] = {
    RATE_LIMIT_HEADER: {
        "description": "For each quota that was counted, how many more requests may come (`r`), and in how many "
        "seconds it is full again (`t`): draft-ietf-httpapi-ratelimit-headers.",
        "schema": {"type": "string", "examples": ['"account";r=1199;t=60']},
    },
    RATE_LIMIT_POLICY_HEADER: {
        "description": "For each of these quotas, how many requests there may be (`q`) in how many seconds (`w`).",
        "schema": {"type": "string", "examples": ['"account";q=1200;w=60']},
    },
    "Retry-After": {
        "description": "Seconds after which a request may be let through again.",
        "schema": {"type": "integer", "minimum": 1},
    },
}
"""Of routes that are limited; the last one only of refusals."""

_METHODS = ("get", "post", "patch", "delete")

_REMEMBERED = 8
"""Documents, by path and coding, of 70 kB at the most; a service is called under one path or two."""


def openapi_config(controller: type[Controller]) -> OpenAPIConfig:
    """Return how the framework makes the document; ``controller`` serves it.

    Litestar's own routes would load their scripts from elsewhere and answer 404 with HTML. The attribute that replaces
    them is set late, because naming it to the constructor warns of Litestar 3, in which they can be left out.
    """
    config = OpenAPIConfig(
        title=NAME, version=VERSION, description=_DESCRIPTION, path="/schema", render_plugins=[JsonRenderPlugin()]
    )
    config.use_handler_docstrings = True
    config.openapi_controller = cast("Any", controller)
    return config


class OpenApiDocument:
    """The document that describes an application. It is made when it is first wanted: starting does not wait for it."""

    def __init__(self, app: Litestar) -> None:
        self._app = app
        self._lock = Lock()
        self._remembered = lru_cache(_REMEMBERED)(self._encoded_under)

    def encoded(self, prefix: str = "", coding: Coding | None = None) -> bytes:
        """Return it as JSON, as it is where the service is called under a path, and compressed if a coding is given.

        The first call takes as long as a hundred requests, and belongs into a thread.
        """
        with self._lock:
            return self._remembered(prefix, coding)

    def _encoded_under(self, prefix: str, coding: Coding | None) -> bytes:
        encoded = msgspec.json.encode(_under(prefix, self._described))
        return encoded if coding is None else coding.thorough(encoded)

    @cached_property
    def _described(self) -> dict[str, Any]:
        return _described(self._app)


def _under(prefix: str, document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with a path before all that it names."""
    server = {"url": prefix or "/", "description": "Where this document comes from."}
    components = document["components"] | {"securitySchemes": _security_schemes(f"{prefix}{TOKEN_PATH}")}
    return document | {"servers": [server], "components": components}


def _described(app: Litestar) -> dict[str, Any]:
    document = cast("dict[str, Any]", msgspec.json.decode(msgspec.json.encode(app.openapi_schema.to_schema())))
    components = document.setdefault("components", {})
    schemas = components["schemas"] = _schemas(app)
    for name, example in _examples(app).items():
        schemas[name]["examples"] = [example]
    components["headers"] = HEADERS
    for handler, path in _described_routes(app):
        for method in _METHODS:
            operation = document["paths"][path].get(method)
            if operation is not None and operation["operationId"] == handler.operation_id:
                _correct(operation, handler)
                _describe_form(operation, schemas)
    used = {
        int(code)
        for item in document["paths"].values()
        for method in _METHODS
        for code in item.get(method, {}).get("responses", {})
    }
    components["responses"] = {
        _name(status): _shared_response(status) for status in sorted(used) if status >= HTTP_300_MULTIPLE_CHOICES
    }
    return document


def _examples(app: Litestar) -> dict[str, Any]:
    """Return an example of each schema by its name: those of controllers, which have theirs beside them, and others."""
    examples: dict[str, Any] = dict(EXAMPLES)
    for handler, _ in _described_routes(app):
        controller = getattr(handler.fn, "__self__", None)  # a function has none
        examples |= getattr(controller, "examples", {})
    return examples


def _schemas(app: Litestar) -> dict[str, Any]:
    """Describe every type that goes over the wire."""
    handlers = [handler for handler, _ in _described_routes(app)]
    bodies = [
        parameters["data"].annotation
        for parameters in (handler.parsed_fn_signature.parameters for handler in handlers)
        if "data" in parameters
    ]
    return schemas_of(bodies=bodies, answers=[Problem, *(_answer_of(handler) for handler in handlers)])


def _answer_of(handler: HTTPRouteHandler) -> Any:
    answer = handler.parsed_fn_signature.return_type
    return answer.inner_types[0].annotation if answer.is_subclass_of(Response) else answer.annotation


def _described_routes(app: Litestar) -> Iterator[tuple[HTTPRouteHandler, str]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                if handler.resolve_include_in_schema():
                    yield handler, route.path_format or "/"


def _correct(operation: dict[str, Any], handler: HTTPRouteHandler) -> None:
    """Make an operation say what it really needs and gives."""
    scope = options_of(handler).scope
    if scope is not None:
        operation["security"] = [{"bearer": [scope]}, {"password": []}]
    elif HTTP_403_FORBIDDEN in options_of(handler).problems:  # anybody may call it, and it matters who does
        operation["security"] = [{}, {"bearer": []}, {"password": []}]
    parameters = _parameters(operation, handler)
    if parameters:
        operation["parameters"] = parameters
    body = operation.get("requestBody")
    if body is not None:
        dto = cast("type[JsonBody]", handler.resolve_data_dto())  # pyright: ignore[reportUnknownMemberType] - generic
        (described,) = body["content"].values()
        schema = _without_null(described["schema"])  # a body that may be left out has no way to be null
        body["content"] = dict.fromkeys(dto.media_types, described | {"schema": schema})
        body["required"] = not handler.parsed_fn_signature.parameters["data"].is_optional
    responses = operation["responses"]
    responses.pop("400", None)
    for status in sorted(_problems(operation, handler)):
        # What a route describes itself stays: a service that is not ready says so with other words.
        responses.setdefault(str(status), {"$ref": f"#/components/responses/{_name(status)}"})
    for header in (header for response in responses.values() for header in response.get("headers", {}).values()):
        header.setdefault("schema", {"type": "string"})
    if options_of(handler).limits is not None:
        for status, response in responses.items():
            if int(status) < HTTP_300_MULTIPLE_CHOICES:
                response.setdefault("headers", {}).update(_headers(RATE_LIMIT_HEADER, RATE_LIMIT_POLICY_HEADER))


def _describe_form(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Let a form have fields that are not known, where the same body as JSON may not (RFC 6749, section 3.2)."""
    content = operation.get("requestBody", {}).get("content", {})
    if FORM in content and len(content) > 1:
        _, _, name = content[FORM]["schema"]["$ref"].rpartition("/")
        schemas[f"{name}Form"] = as_form(schemas[name], title=f"{name}Form")
        content[FORM] = {"schema": {"$ref": f"#/components/schemas/{name}Form"}}


def _parameters(operation: dict[str, Any], handler: HTTPRouteHandler) -> list[dict[str, Any]]:
    """Return the parameters that the framework knows, in paths and headers, and those of the query."""
    known = operation.get("parameters", [])
    for parameter in known:
        parameter["schema"] = _without_null(parameter["schema"])
    query = options_of(handler).query
    return known if query is None else [*known, *_query_parameters(query)]


def _query_parameters(query: type[Struct]) -> list[dict[str, Any]]:
    """Describe each field of the Struct as a parameter, in the form of those that the framework describes."""
    (described,) = msgspec.json.schema_components([query])[1].values()
    flags = {"required": False, "deprecated": False, "allowEmptyValue": False, "allowReserved": False}
    return [
        {"name": name, "in": "query", "schema": schema}
        | ({"description": schema["description"]} if "description" in schema else {})
        | flags
        for name, schema in described["properties"].items()
    ]


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter that may be absent, but has no way to be null."""
    kinds = [kind for kind in schema.pop("oneOf", []) if kind != {"type": "null"}]
    if isinstance(schema.get("type"), list):
        (schema["type"],) = (kind for kind in schema["type"] if kind != "null")
        schema["enum"].remove(None)
    return {name: value for kind in kinds for name, value in kind.items()} | schema


def _problems(operation: dict[str, Any], handler: HTTPRouteHandler) -> set[int]:
    """Return the status codes of everything that can go wrong in an operation."""
    found = {
        HTTP_400_BAD_REQUEST,
        HTTP_422_UNPROCESSABLE_ENTITY,  # a query may have a parameter that is not known here
        HTTP_500_INTERNAL_SERVER_ERROR,
        *options_of(handler).problems,
    }
    parameters = operation.get("parameters", [])
    if options_of(handler).scope is not None:
        found |= {HTTP_401_UNAUTHORIZED, HTTP_403_FORBIDDEN}
    if options_of(handler).limits is not None:
        found.add(HTTP_429_TOO_MANY_REQUESTS)
    if any(parameter["in"] == "path" for parameter in parameters):
        found.add(HTTP_404_NOT_FOUND)
    if "requestBody" in operation:
        found |= {
            HTTP_400_BAD_REQUEST,
            HTTP_408_REQUEST_TIMEOUT,
            HTTP_413_REQUEST_ENTITY_TOO_LARGE,
            HTTP_415_UNSUPPORTED_MEDIA_TYPE,
        }
    if "request" in handler.parsed_fn_signature.parameters:
        found.add(HTTP_503_SERVICE_UNAVAILABLE)
    return found


def _shared_response(status: int) -> dict[str, Any]:
    if status == HTTP_304_NOT_MODIFIED:
        return {"description": "The client has the current version already."}
    response: dict[str, Any] = {
        "description": TITLES[status],
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status == HTTP_429_TOO_MANY_REQUESTS:
        response["headers"] = _headers(*HEADERS)
    return response


def _security_schemes(token_url: str) -> dict[str, Any]:
    return {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "An access token from `POST /auth/login`, or an API token from `POST /auth/tokens`.",
        },
        "password": {
            "type": "oauth2",
            "flows": {"password": {"tokenUrl": token_url, "refreshUrl": token_url, "scopes": {}}},
            "description": "The e-mail address and the password of the account.",
        },
    }


def _name(status: int) -> str:
    return "NotModified" if status == HTTP_304_NOT_MODIFIED else TITLES[status].replace(" ", "")
