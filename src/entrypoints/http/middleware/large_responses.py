"""Responses too large to be handed to the server in one piece.

The server takes a response in one piece whatever its size, and keeps a copy until the client has read it. In parts it
takes a few and lets us wait for the rest. So whoever does not read costs no more than what waits here, is counted, and
can be given up.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any

from litestar.types import HTTPScope, Receive, Send

from entrypoints.http.context import caller_of, context_of, services_of
from entrypoints.http.middleware import HttpApp
from entrypoints.http.routes import route_of
from entrypoints.http.unread_answers import Answer

LARGE = 64 * 1_024
"""Bytes from which an answer is sent in parts. Smaller ones fit into what the kernel and the server keep anyway."""

_PART = 16 * 1_024
"""Bytes. The server takes four parts, and writes 32 KiB more at once."""

_READ_TIMEOUT = 10
"""Seconds in which something has to be taken."""

_MIN_BYTES_PER_SECOND = 16 * 1_024
"""Bytes a second, beside the time for the first of them: a telephone in a bad place reads as fast."""


class LargeResponses:
    """Sends what is large in parts, as fast as it is read, when everything else is done."""

    def __init__(self, app: HttpApp) -> None:
        self.app = app

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its response back."""
        large: bytes | None = None

        async def send_small(message: Any) -> None:
            nonlocal large
            if message["type"] == "http.response.body" and len(message["body"]) > LARGE:
                large = message["body"]  # all of it: no response of ours comes in parts
                return
            await send(message)

        await self.app(scope, receive, send_small)
        if large is not None:  # sent only now: who reads slowly holds nothing else, and has time for it
            await send_in_parts(scope, large, send)


class UnreadResponses:
    """Refuses whoever has not read what they asked for before."""

    def __init__(self, app: HttpApp) -> None:
        self.app = app

    def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on.

        :raises TooManyUnreadAnswers: if those that were asked for before are still to be read.
        """
        if route_of(scope).limits is not None:
            services_of(scope).unread_answers.check(caller_of(scope).own)
        return self.app(scope, receive, send)


async def send_in_parts(scope: HTTPScope, body: bytes, send: Send) -> None:
    """Send the body of a response whose head is sent, or close the connection on who does not read it."""
    services = services_of(scope)
    unread, loop = services.unread_answers, asyncio.get_running_loop()
    started = loop.time()
    last_moment = started + _READ_TIMEOUT + len(body) / _MIN_BYTES_PER_SECOND
    caller = caller_of(scope)
    answer: Answer | None = None
    try:
        async with asyncio.timeout_at(started + _READ_TIMEOUT) as timeout:
            answer = Answer(
                owner=caller.own,
                network=caller.network,
                size=len(body),
                cut_off=lambda: timeout.reschedule(started),
                taken_at=started,
            )
            unread.add(answer)
            for begin in range(0, len(body), _PART):
                end = begin + _PART
                await send({"type": "http.response.body", "body": body[begin:end], "more_body": end < len(body)})
                answer.taken_at = loop.time()
                timeout.reschedule(min(answer.taken_at + _READ_TIMEOUT, last_moment))
    except TimeoutError:
        services.connections.give_up(_peer(scope), reason="unread")
    finally:
        if answer is not None:
            unread.remove(answer)


def _peer(scope: HTTPScope) -> tuple[str, int]:
    """Return the other end of the connection, which may be a proxy's."""
    return context_of(scope).peer or scope["client"] or ("", 0)
