"""The id of each request, and what is noted of it."""

from contextvars import ContextVar
from typing import Any

from litestar.types import HTTPScope, Receive, Send
from structlog.contextvars import STRUCTLOG_KEY_PREFIX

from entrypoints.http.context import context_of
from entrypoints.http.middleware import HttpApp

_REQUEST_ID: ContextVar[str] = ContextVar(f"{STRUCTLOG_KEY_PREFIX}request_id")
"""What structlog binds by that name; its own functions look for the variable each time, and take ten times as long."""


class RequestContexts:
    """Begins the context of each request: its id is in each line that is logged meanwhile, and in the response.

    Stands around everything else, which notes in the context what headers the response is to have.
    """

    def __init__(self, app: HttpApp) -> None:
        self.app = app

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its response back."""
        context = context_of(scope)

        async def send_noted(message: Any) -> None:
            if message["type"] == "http.response.start":
                context.status = message["status"]
                message["headers"] = [*message["headers"], *context.response_headers.items()]
            await send(message)

        token = _REQUEST_ID.set(context.id)
        try:
            await self.app(scope, receive, send_noted)
        finally:
            _REQUEST_ID.reset(token)
