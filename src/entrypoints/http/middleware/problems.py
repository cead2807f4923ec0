"""Errors become responses."""

from litestar.types import HTTPScope, Receive, Send

from entrypoints.http.context import context_of
from entrypoints.http.middleware import HttpApp
from entrypoints.http.problems import send_error


class Problems:
    """Answers with a problem whatever error escapes what it stands around."""

    def __init__(self, app: HttpApp) -> None:
        self.app = app

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Pass the request on.

        :raises Exception: if the answer had begun; there is no taking it back then.
        """
        try:
            await self.app(scope, receive, send)
        except Exception as error:
            if context_of(scope).status is not None:
                raise
            await send_error(scope, receive, send, error)
