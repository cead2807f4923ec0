"""A TCP proxy that breaks connections, as networks do."""

import asyncio
import socket
import struct
from collections.abc import Generator
from contextlib import contextmanager, suppress

import anyio
from anyio.abc import SocketAttribute, SocketStream, TaskStatus
from anyio.from_thread import BlockingPortal, start_blocking_portal

_RESET_WHEN_CLOSED = struct.pack("ii", 1, 0)
"""SO_LINGER with a time of zero: closing sends RST, not FIN."""


class Proxy:
    """Passes bytes on to a server, unless it is told not to."""

    port: int
    _scope: anyio.CancelScope

    def __init__(self, host: str, port: int, portal: BlockingPortal) -> None:
        self._upstream = host, port
        self._portal = portal
        self._gate = _open_gate()
        """What the connections made from now on wait for before they pass anything on."""
        self._streams: set[SocketStream] = set()

    def reset_all(self) -> int:
        """Reset every connection, and return how many there were; new ones are welcome."""
        return self._portal.call(self._reset_all)

    def swallow(self) -> None:
        """Become a black hole: connections are accepted, and nothing comes through."""
        self._portal.call(self._gate.clear)

    def let_pass(self) -> None:
        """Pass everything on again, also what was held back."""
        self._portal.call(self._gate.set)

    def forget_all(self) -> None:
        """Let nothing through the connections that there are, ever again, as a firewall that has lost its state."""
        self._portal.call(self._forget_all)

    def stop(self) -> None:
        """Close everything."""
        self._portal.call(self._scope.cancel)

    async def serve(self, *, task_status: TaskStatus[None]) -> None:
        """Listen, on any free port, until stopped."""
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        self.port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - not Django's
        async with listener:
            with anyio.CancelScope() as self._scope:
                task_status.started()
                await listener.serve(self._connect)

    async def _reset_all(self) -> int:
        streams = list(self._streams)
        for stream in streams:
            with suppress(OSError):  # its other half is reset by now, and it closed itself
                own = stream.extra(SocketAttribute.raw_socket)  # noqa: S610 - not Django's
                own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_WHEN_CLOSED)
            await anyio.aclose_forcefully(stream)
        return len(streams) // 2

    def _forget_all(self) -> None:
        self._gate.clear()
        self._gate = _open_gate()

    async def _connect(self, client: SocketStream) -> None:
        gate = self._gate
        async with client:
            await gate.wait()
            try:
                server = await anyio.connect_tcp(*self._upstream)
            except OSError:
                return
            async with server:
                pair = {client, server}
                self._streams |= pair
                async with anyio.create_task_group() as both:
                    both.start_soon(_pump, client, server, gate)
                    both.start_soon(_pump, server, client, gate)
                self._streams -= pair


@contextmanager
def proxy_to(host: str, port: int) -> Generator[Proxy]:
    """Put a proxy before a server, in a thread of its own, until the block is left."""
    with start_blocking_portal() as portal:
        proxy = Proxy(host, port, portal)
        serving, _ = portal.start_task(proxy.serve)
        try:
            yield proxy
        finally:
            proxy.stop()
            serving.result()


async def _pump(source: SocketStream, target: SocketStream, gate: asyncio.Event) -> None:
    """Pass bytes on in one direction while the gate is open; where one side ends, the other one is ended, too."""
    try:
        async for data in source:
            await gate.wait()
            await target.send(data)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        pass
    finally:
        await anyio.aclose_forcefully(target)


def _open_gate() -> asyncio.Event:
    gate = asyncio.Event()
    gate.set()
    return gate
