"""Answers too large to be handed to the server in one piece.

The server takes an answer in one piece whatever its size, and keeps a copy until the client has read it. In parts it
takes a few and lets us wait for the rest. So whoever does not read costs no more than what waits here, is counted, and
can be given up.
"""

import asyncio
from typing import Any, cast

from litestar.types import HTTPScope, Send

from domain.authentication.principal import Principal
from domain.rate_limits.networks import network_of
from entrypoints.http.request import client_address
from entrypoints.http.unread_answers import Answer
from entrypoints.services import Services

LARGE = 64 * 1_024
"""Bytes from which an answer is sent in parts. Smaller ones fit into what the kernel and the server keep anyway."""

_PART = 16 * 1_024
"""Bytes. The server takes four parts, and writes 32 KiB more at once."""

_READ_TIMEOUT = 10
"""Seconds in which something has to be taken."""

_MIN_BYTES_PER_SECOND = 16 * 1_024
"""Bytes a second, beside the time for the first of them: a telephone in a bad place reads as fast."""


async def send_in_parts(scope: HTTPScope, body: bytes, send: Send) -> None:
    """Send the body of an answer whose head is sent, or close the connection on who does not read it."""
    services: Services = scope["litestar_app"].state.services
    unread, loop = services.unread_answers, asyncio.get_running_loop()
    started = loop.time()
    last_moment = started + _READ_TIMEOUT + len(body) / _MIN_BYTES_PER_SECOND
    principal: Principal | None = cast("dict[str, Any]", scope).get("user")
    network = network_of(client_address(scope))
    answer: Answer | None = None
    try:
        async with asyncio.timeout_at(started + _READ_TIMEOUT) as timeout:
            answer = Answer(
                owner=network if principal is None else principal.account_id,
                network=network,
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
    values = cast("dict[str, Any]", scope)
    host, port = values.get("peer") or values["client"] or ("", 0)
    return host, port
