"""Clients that do not read their answers."""

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

_OWN_FILES = Path("/proc/self/fd")
_ASK_AGAIN = 0.1
"""Seconds until it is looked again whether the server listens."""
_MILLISECONDS = 1_000


@asynccontextmanager
async def slow_readers_given_up(seconds: int, *, other_port: int | None = None) -> AsyncGenerator[None]:
    """Let the kernel close connections whose client takes nothing of what was sent for so long.

    The server has a limit for what clients send, and none for what they read: whoever reads nothing would keep a
    connection, and enough of them would keep everybody else out. What is set on a listening socket holds for every
    connection that it accepts (RFC 5482; Linux counts a window that stays closed, too). The server listens only after
    the application has started, hence the task; ``other_port`` is one on which this process listens before that.
    Elsewhere than on Linux nothing is done.
    """
    task = asyncio.create_task(_give_up(seconds, other_port)) if hasattr(socket, "TCP_USER_TIMEOUT") else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()
            await asyncio.wait([task])


async def _give_up(seconds: int, other_port: int | None) -> None:
    is_set = False
    while not is_set:
        await asyncio.sleep(_ASK_AGAIN)
        for listener in _listening_sockets():
            with listener:
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, seconds * _MILLISECONDS)
                is_set = is_set or listener.getsockname()[1] != other_port


def _listening_sockets() -> Iterator[socket.socket]:
    """Yield copies of the TCP sockets that this process listens on."""
    for file in _OWN_FILES.iterdir():
        with suppress(OSError):  # closed meanwhile, such as the listing itself
            if file.is_socket():
                copy = socket.socket(fileno=os.dup(int(file.name)))
                is_tcp = copy.family in {socket.AF_INET, socket.AF_INET6} and copy.type == socket.SOCK_STREAM
                if is_tcp and copy.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    yield copy
                else:
                    copy.close()
