"""From a request to its controller, and back: the short way.

The framework declares, documents and checks the controllers. Its own way to call them suits any function, and takes
longer than the database does. What ours take is known when the application starts: the request, an id at the end of
the path, a body, a condition in a header. So the routes that the document describes are found and called here; what is
left, the documentation and whatever has no route, goes to the framework's router.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from types import NoneType
from typing import Any, cast

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.params import HeaderParameter
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, HTTPScope, Receive, Send
from litestar.typing import FieldDefinition
from litestar.utils import normalize_path

from entrypoints.http.answers import send_answer
from entrypoints.http.bodies import JsonBody
from entrypoints.http.context import context_of
from entrypoints.http.headers import header_lines
from entrypoints.http.middleware import HttpApp, Layer, in_layers
from entrypoints.http.parameters import PathId, parse_id, refuse_unknown_parameters
from entrypoints.http.problems import MalformedBody
from entrypoints.http.request import ApiRequest

_Reader = Callable[[ApiRequest], Any]
"""Gets an argument of a controller out of a request."""


class Dispatch:
    """Finds the controller of each request, and calls it within the layers of routes."""

    def __init__(self, app: Litestar, *, router: ASGIApp, layers: Sequence[Layer]) -> None:
        self._router = router
        self._plain: dict[str, dict[str, _Endpoint]] = {}
        self._with_id: dict[str, dict[str, _Endpoint]] = {}
        for route, handler in _described(app):
            path, brace, _ = (route.path_format or "/").partition("/{")
            by_method = (self._with_id if brace else self._plain).setdefault(path, {})
            endpoint = _Endpoint(route, handler, layers)
            by_method.update((method, endpoint) for method in handler.http_methods)

    def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on to its controller, or to the framework."""
        path = scope["path"]
        endpoint = self._find(scope["method"], path)
        if endpoint is None:
            path = normalize_path(path)  # a slash too many leads to the same route
            endpoint = self._find(scope["method"], path)
            if endpoint is None:
                return self._router(scope, receive, send)
        values = cast("dict[str, Any]", scope)
        values["path"] = path
        values["route_handler"] = endpoint.handler
        values["path_template"] = endpoint.template
        return endpoint.app(scope, receive, send)

    def _find(self, method: str, path: str) -> "_Endpoint | None":
        by_method = self._plain.get(path)
        if by_method is None:
            before, _, value = path.rpartition("/")
            by_method = self._with_id.get(before) if value else None
        return None if by_method is None else by_method.get(method)


class _Endpoint:
    """A controller, and where its arguments come from."""

    def __init__(self, route: HTTPRoute, handler: HTTPRouteHandler, layers: Sequence[Layer]) -> None:
        self.handler = handler
        self.template = route.path_format or "/"
        self.app: HttpApp = in_layers(self._answer, layers)
        self._call = handler.fn
        self._status = handler.status_code
        parameters = handler.parsed_fn_signature.parameters
        self._readers = tuple(_reader(field, handler) for field in parameters.values())

    async def _answer(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        request = ApiRequest(scope, receive, send)
        if scope["query_string"]:
            refuse_unknown_parameters(request)
        answer = await self._call(*[read(request) for read in self._readers])
        await send_answer(answer, self._status, scope, send)


def _described(app: Litestar) -> Iterator[tuple[HTTPRoute, HTTPRouteHandler]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                if handler.resolve_include_in_schema():
                    yield route, handler


def _reader(field: FieldDefinition, handler: HTTPRouteHandler) -> _Reader:
    """Return what gets an argument out of a request.

    :raises TypeError: if it is of a kind that is not known here.
    """
    if field.name == "request":
        return _whole
    if field.name == "data":
        return _body_reader(field, cast("type[JsonBody]", handler.resolve_data_dto()))  # pyright: ignore[reportUnknownMemberType] - generic
    if field.annotation is PathId:
        return _id
    if isinstance(field.kwarg_definition, HeaderParameter):
        name = (field.kwarg_definition.name or field.name).lower().encode()
        return lambda request: header_lines(request.scope, name)
    raise TypeError(f"{handler} takes {field.name}, and nothing here says where that comes from.")


def _whole(request: ApiRequest) -> ApiRequest:
    return request


def _id(request: ApiRequest) -> PathId:
    return parse_id(request.scope["path"].rpartition("/")[2])


def _body_reader(field: FieldDefinition, dto: type[JsonBody]) -> _Reader:
    is_optional, wanted = field.is_optional, _without_none(field)

    def read(request: ApiRequest) -> Any:
        body = context_of(request.scope).body
        if body:
            return dto.parse(request.scope, body, wanted)
        if is_optional:
            return None
        raise MalformedBody(detail="A body is needed.")

    return read


def _without_none(field: FieldDefinition) -> Any:
    """Return the type of a body that is there."""
    kinds = [kind.annotation for kind in field.inner_types if kind.annotation is not NoneType]
    return kinds[0] if field.is_optional else field.annotation
