"""The application: routes, and what is true of all of them."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

import msgspec
from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.enums import HttpMethod
from litestar.routes import HTTPRoute

from entrypoints.http.auth import AuthController
from entrypoints.http.authentication import Authentication, scope_of
from entrypoints.http.bodies import JsonBody
from entrypoints.http.docs import DocsController
from entrypoints.http.envelope import Envelope
from entrypoints.http.me import MeController
from entrypoints.http.meta import health, readiness, service
from entrypoints.http.openapi import openapi_config, openapi_document
from entrypoints.http.paths import TYPE_DECODERS
from entrypoints.http.posts import PostController, read_post
from entrypoints.http.problems import EXCEPTION_HANDLERS
from entrypoints.http.request import REQUEST_ID_HEADER, ApiRequest
from entrypoints.http.todos import TodoController, list_tags
from entrypoints.services import Services
from entrypoints.settings import Settings

LARGEST_BODY = 1024 * 1024
"""Bytes."""

ServicesOpener = Callable[[], AbstractAsyncContextManager[Services]]


def create_app(settings: Settings, open_services: ServicesOpener) -> Litestar:
    """Return the application; ``open_services`` is entered when it starts and left when it stops."""
    app = Litestar(
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
        request_max_body_size=LARGEST_BODY,
        middleware=[Authentication],
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=[partial(_lifespan, open_services)],
        cors_config=_cors(settings),
        openapi_config=openapi_config(DocsController),
        logging_config=None,
    )
    _require_access_decisions(app)
    app.state.openapi_document = msgspec.json.encode(openapi_document(app))
    app.asgi_handler = Envelope(
        app.asgi_handler,
        allowed_hosts=settings.allowed_hosts,
        hsts=settings.hsts,
        has_cors=bool(settings.cors_origins),
    )
    return app


@asynccontextmanager
async def _lifespan(open_services: ServicesOpener, app: Litestar) -> AsyncGenerator[None]:
    async with open_services() as services:
        app.state.services = services
        yield


def _cors(settings: Settings) -> CORSConfig | None:
    if not settings.cors_origins:
        return None
    return CORSConfig(
        allow_origins=list(settings.cors_origins),
        allow_methods=["GET", "HEAD", "POST", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "If-Match", "If-None-Match", REQUEST_ID_HEADER],
        expose_headers=["ETag", "Link", "Location", "WWW-Authenticate", REQUEST_ID_HEADER],
        max_age=600,
    )


def _require_access_decisions(app: Litestar) -> None:
    """Fail if a route does not say who may call it: a forgotten option must not open a door."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                if handler.http_methods != {HttpMethod.OPTIONS}:
                    scope_of(handler)
