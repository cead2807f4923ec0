"""Where the service is one path of a host, and not all of it."""

from collections.abc import Awaitable
from typing import Any, cast

from litestar.types import HTTPScope, Receive, Send

from entrypoints.http.context import context_of
from entrypoints.http.middleware import HttpApp


class RootPath:
    """Answers under the path at which clients call the service, and notes it for what names a path to them.

    Some proxies take it away before they pass a request on, some do not: with it and without it, the path is the same.
    """

    def __init__(self, app: HttpApp, root_path: str) -> None:
        self.app = app
        self._root_path = root_path
        self._begin = f"{root_path}/".encode()

    def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on, with its path as it is at the root."""
        context_of(scope).prefix = self._root_path
        path = scope["raw_path"]  # in which an escaped slash is none
        if path.startswith(self._begin) or path == self._begin[:-1]:
            values = cast("dict[str, Any]", scope)
            values["path"] = scope["path"].removeprefix(self._root_path) or "/"
            values["raw_path"] = path.removeprefix(self._begin[:-1]) or b"/"
        return self.app(scope, receive, send)
