"""The application: routes, and the layers around them."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, cast

from litestar import Litestar, Request
from litestar.enums import HttpMethod
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from domain.todos.model import MAX_DESCRIPTION_LENGTH, MAX_SENT_TAGS, MAX_TAG_LENGTH, MAX_TITLE_LENGTH
from entrypoints.http.accounts import AccountController, register
from entrypoints.http.api_tokens import ApiTokenController
from entrypoints.http.bodies import JsonBody, max_json_size
from entrypoints.http.dispatch import Dispatch
from entrypoints.http.docs import DocsController
from entrypoints.http.framework import LeanLitestar
from entrypoints.http.meta import health, readiness, service
from entrypoints.http.middleware import Layer, in_layers
from entrypoints.http.middleware.authentication import Authentication
from entrypoints.http.middleware.concurrency_limit import ConcurrencyLimit
from entrypoints.http.middleware.cors import Cors, cors_config
from entrypoints.http.middleware.deadlines import Deadlines
from entrypoints.http.middleware.head_and_options import HeadAndOptions
from entrypoints.http.middleware.https_redirect import HttpsRedirect
from entrypoints.http.middleware.large_responses import LargeResponses, UnreadResponses
from entrypoints.http.middleware.problems import Problems
from entrypoints.http.middleware.rate_limit import RateLimit, UnroutedRateLimit
from entrypoints.http.middleware.request_bodies import RequestBodies
from entrypoints.http.middleware.request_context import RequestContexts
from entrypoints.http.middleware.root_path import RootPath
from entrypoints.http.middleware.security_headers import SecurityHeaders
from entrypoints.http.middleware.trusted_hosts import TrustedHosts
from entrypoints.http.middleware.trusted_proxies import TrustedProxies
from entrypoints.http.middleware.uri_length import UriLength
from entrypoints.http.oauth import authorization_server
from entrypoints.http.openapi import OpenApiDocument, openapi_config
from entrypoints.http.parameters import refuse_unknown_parameters
from entrypoints.http.posts import PostController, read_post
from entrypoints.http.problems import EXCEPTION_HANDLERS
from entrypoints.http.request import ApiRequest
from entrypoints.http.routes import options_of
from entrypoints.http.sessions import SessionController
from entrypoints.http.todos import TodoController, list_tags
from entrypoints.instruments import Instruments
from entrypoints.services import Services
from entrypoints.settings import Settings

MAX_BODY_SIZE = max_json_size(MAX_TITLE_LENGTH + MAX_DESCRIPTION_LENGTH + MAX_SENT_TAGS * MAX_TAG_LENGTH)
"""Bytes: room for the largest to-do, which is the largest that any route but one takes."""

ServicesOpener = Callable[[], AbstractAsyncContextManager[Services]]


LAYERS_OF_ROUTES: Sequence[Layer] = [
    Authentication,
    RateLimit,
    RequestBodies,
    ConcurrencyLimit,
    UnreadResponses,
]
"""What stands around each controller, from outside in. The router has found the route by then."""


def _layers(settings: Settings, instruments: Instruments, cors: ASGIApp | None) -> list[Layer]:
    """Return what stands around the router, from outside in; what is not configured is not there."""
    origins, force_https = settings.cors_origins, settings.force_https
    return [
        RequestContexts,
        *([partial(RootPath, root_path=settings.root_path)] if settings.root_path else []),
        *instruments.layers(),
        *([partial(TrustedProxies, networks=settings.trusted_proxies)] if settings.trusted_proxies else []),
        partial(SecurityHeaders, force_https=force_https, hsts=settings.hsts, cors_origins=origins),
        LargeResponses,
        partial(HeadAndOptions, has_cors=cors is not None),
        *([partial(Cors, framework=cors)] if cors is not None else []),
        UriLength,
        partial(TrustedHosts, allowed_hosts=settings.allowed_hosts, is_required=force_https),
        *([HttpsRedirect] if force_https else []),
        partial(Deadlines, request_timeout=settings.request_timeout),
        Problems,
        UnroutedRateLimit,
    ]


def create_app(settings: Settings, open_services: ServicesOpener) -> Litestar:
    """Return the application; ``open_services`` is entered when it starts and left when it stops."""
    instruments = Instruments(settings)
    app = LeanLitestar(
        route_handlers=[
            service,
            authorization_server,
            health,
            readiness,
            register,
            SessionController,
            ApiTokenController,
            AccountController,
            TodoController,
            list_tags,
            PostController,
            read_post,
        ],
        debug=False,
        dto=JsonBody,
        return_dto=None,
        request_class=ApiRequest,
        request_max_body_size=MAX_BODY_SIZE,
        before_request=_refuse_unknown_parameters,
        middleware=cast("Any", LAYERS_OF_ROUTES),
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=[partial(_lifespan, open_services, instruments)],
        cors_config=cors_config(settings.cors_origins),
        openapi_config=openapi_config(DocsController),
        logging_config=None,
    )
    _require_access_decisions(app)
    app.state.openapi_document = OpenApiDocument(app)
    app.asgi_handler = _in_layers(app, settings, instruments)
    return app


def _in_layers(app: Litestar, settings: Settings, instruments: Instruments) -> ASGIApp:
    """Return the controllers in the layers, with the framework's own for CORS among them, and its router behind."""
    framework = cast("Any", app.asgi_handler)
    cors = framework if settings.cors_origins else None
    errors = framework if cors is None else cors.app
    controllers = Dispatch(app, router=errors.app, layers=LAYERS_OF_ROUTES)
    http = in_layers(controllers, _layers(settings, instruments, cors))

    def answer(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Only requests go through the layers: what else there may be, such as a WebSocket, is refused at once."""
        if scope["type"] != "http":
            return errors(scope, receive, send)
        return http(cast("HTTPScope", scope), receive, send)

    return answer


async def _refuse_unknown_parameters(request: Request[Any, Any, Any]) -> None:
    """Do for the routes that the framework calls itself what ``Dispatch`` does for the others."""
    refuse_unknown_parameters(request)


@asynccontextmanager
async def _lifespan(open_services: ServicesOpener, instruments: Instruments, app: Litestar) -> AsyncGenerator[None]:
    async with open_services() as services, instruments.running(services):
        app.state.services = services
        yield


def _require_access_decisions(app: Litestar) -> None:
    """Fail if a route does not say who may call it: a forgotten option must not open a door."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                if handler.http_methods != {HttpMethod.OPTIONS}:
                    options_of(handler)
