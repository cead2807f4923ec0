"""How long a request may take."""

import asyncio
import logging
from typing import Any

from litestar.status_codes import HTTP_503_SERVICE_UNAVAILABLE
from litestar.types import HTTPScope, Receive, Send

from entrypoints.http.context import context_of
from entrypoints.http.middleware import HttpApp
from entrypoints.http.middleware.request_bodies import WITHOUT_BODY
from entrypoints.http.middleware.timeouts import Timeouts
from entrypoints.http.problems import SlowBody, send_problem

BODY_TIMEOUT = 10
"""Seconds for a whole body; the largest to-do needs no more than 40 kbit/s for it."""

_RETRY_AFTER = "5"
"""Seconds."""

_log = logging.getLogger(__name__)


class Deadlines:
    """Gives a request up that takes too long, and before that a body that comes too slowly.

    What is still done for the request is cancelled: a statement is cancelled on the server, its transaction rolled
    back, and only then does its connection go back to the pool. ``request_timeout`` is in seconds.
    """

    def __init__(self, app: HttpApp, *, request_timeout: float) -> None:
        self.app = app
        self._requests = Timeouts(request_timeout)
        # Of a request that waits for its body all the time, the body is what is to blame.
        self._bodies = Timeouts(min(BODY_TIMEOUT, request_timeout / 2))

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 503 when its time is up.

        :raises TimeoutError: if the answer had begun; there is no taking it back then.
        """
        receive_in_time = receive if scope["method"] in WITHOUT_BODY else _in_time(receive, self._bodies)
        timeout = self._requests.timeout()
        try:
            with timeout:
                await self.app(scope, receive_in_time, send)
        except TimeoutError:
            if context_of(scope).status is not None or not timeout.has_expired:
                raise
            await self._give_up(scope, receive, send)

    async def _give_up(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        name = context_of(scope).id
        _log.warning("Request %s took more than %s seconds", name, self._requests.seconds, extra={"request_id": name})
        await send_problem(
            scope,
            receive,
            send,
            HTTP_503_SERVICE_UNAVAILABLE,
            code="timed_out",
            detail="This took too long and was given up; it is not known whether it has been done.",
            headers={"retry-after": _RETRY_AFTER},
        )


def _in_time(receive: Receive, timeouts: Timeouts) -> Receive:
    """Return ``receive`` with a time for all parts of the body together, which begins when the first is waited for.

    Its error is ``SlowBody``. Nothing else may be waited for in the middle of a body: that would count, too.
    """
    ends: float | None = None
    is_complete = False

    async def receive_in_time() -> Any:
        nonlocal ends, is_complete
        if is_complete:  # what comes now is that the client has gone, whenever it likes
            return await receive()
        try:
            if ends is None:
                with timeouts.timeout() as timeout:
                    ends = timeout.when
                    message = await receive()
            else:
                async with asyncio.timeout_at(ends):
                    message = await receive()
        except TimeoutError:
            raise SlowBody from None
        is_complete = not message.get("more_body", False)
        return message

    return receive_in_time
