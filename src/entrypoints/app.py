"""The application: routes, and what is true of all of them."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, cast

import msgspec
from litestar import Litestar
from litestar.enums import HttpMethod
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp

from domain.todos.model import MAX_DESCRIPTION_LENGTH, MAX_TAG_LENGTH, MAX_TAGS, MAX_TITLE_LENGTH
from entrypoints.http.admission import Admission
from entrypoints.http.auth import AuthController
from entrypoints.http.authentication import Authentication, scope_of
from entrypoints.http.bodies import JsonBody, max_json_size
from entrypoints.http.cors import RefusedPreflights, cors_config
from entrypoints.http.deadlines import Deadlines
from entrypoints.http.docs import DocsController
from entrypoints.http.envelope import Envelope
from entrypoints.http.framework import LeanLitestar
from entrypoints.http.me import MeController
from entrypoints.http.meta import health, readiness, service
from entrypoints.http.openapi import openapi_config, openapi_document
from entrypoints.http.paths import TYPE_DECODERS, refuse_repeated_parameters
from entrypoints.http.posts import PostController, read_post
from entrypoints.http.problems import EXCEPTION_HANDLERS
from entrypoints.http.proxies import TrustedProxies
from entrypoints.http.rate_limits import UnroutedRequests, add_headers
from entrypoints.http.request import ApiRequest
from entrypoints.http.todos import TodoController, list_tags
from entrypoints.http.workload import Workload
from entrypoints.observability.instruments import Instruments
from entrypoints.services import Services
from entrypoints.settings import Settings

MAX_BODY_SIZE = max_json_size(MAX_TITLE_LENGTH + MAX_DESCRIPTION_LENGTH + MAX_TAGS * MAX_TAG_LENGTH)
"""Bytes: room for the largest to-do, which is the largest that any route but one takes."""

ServicesOpener = Callable[[], AbstractAsyncContextManager[Services]]


def create_app(settings: Settings, open_services: ServicesOpener) -> Litestar:
    """Return the application; ``open_services`` is entered when it starts and left when it stops."""
    instruments = Instruments(settings)
    app = LeanLitestar(
        route_handlers=[
            service,
            health,
            readiness,
            AuthController,
            MeController,
            TodoController,
            list_tags,
            PostController,
            read_post,
        ],
        debug=False,
        dto=JsonBody,
        return_dto=None,
        request_class=ApiRequest,
        type_decoders=TYPE_DECODERS,
        request_max_body_size=MAX_BODY_SIZE,
        middleware=[Authentication, Workload],
        before_send=[add_headers],
        before_request=refuse_repeated_parameters,
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=[partial(_lifespan, open_services, instruments)],
        cors_config=cors_config(settings.cors_origins),
        openapi_config=openapi_config(DocsController),
        logging_config=None,
    )
    _require_access_decisions(app)
    app.state.openapi_document = msgspec.json.encode(openapi_document(app))
    app.asgi_handler = instruments.around(_in_layers(app.asgi_handler, settings))  # around everything, to measure it
    return app


def _in_layers(framework: ASGIApp, settings: Settings) -> ASGIApp:
    """Return the framework's layers, CORS if there is any, error handler and router, with ours between and around.

    The innermost comes first.
    """
    cors = cast("Any", framework) if settings.cors_origins else None
    errors = cast("Any", framework) if cors is None else cors.app
    errors.app = UnroutedRequests(errors.app)
    app = Deadlines(errors, request_timeout=settings.request_timeout)
    app = Admission(app, allowed_hosts=settings.allowed_hosts, force_https=settings.force_https)
    if cors is not None:  # around all that answers, so that pages can read what it says
        cors.app = app
        app = RefusedPreflights(cors)
    app = Envelope(app, force_https=settings.force_https, hsts=settings.hsts, cors_origins=settings.cors_origins)
    if settings.trusted_proxies:  # around all that asks the scope who is there
        app = TrustedProxies(app, settings.trusted_proxies)
    return app


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
                    scope_of(handler)
