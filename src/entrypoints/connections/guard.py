"""Keeps places free for those who come: the server itself stops accepting when it has as many as it may."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from domain.rate_limits.networks import network_of
from entrypoints.connections import sockets
from entrypoints.connections.fairness import Connection, in_excess
from entrypoints.connections.sockets import Accepted, Peer
from entrypoints.environment import Network
from entrypoints.http.throttle import Throttle
from entrypoints.services import CloseReason

_POLL_INTERVAL = 0.5
_RETRY_INTERVAL = 0.1
"""Seconds between two looks at the connections, and while some had to be closed, or the server does not yet listen.

A look costs 10 us for each connection.
"""

_FREE = 0.25
"""The part of all places that is kept free, for who comes between two looks."""

_MAX_UNSENT = 64 * 1_024
"""Bytes for a client that does not read; they are kept in memory of the kernel, which counts as the container's."""

_PEER_CACHE_SIZE = 4_096

_log = logging.getLogger(__name__)
_lines = Throttle(seconds=60)


class ConnectionGuard:
    """Looks at the connections of this process, and closes those that are too many or were given up.

    The server counts connections and does not ask whose they are; one client could take all places, and it would then
    accept nobody. What it holds can be seen in the process's own sockets, however. A connection that is idle may be
    closed at any time (RFC 9112, section 9.5), so that those who lose a few lose nothing. Peers in ``proxies`` stand
    for many clients, and limit these themselves. Elsewhere than on Linux nothing is done.
    """

    def __init__(
        self,
        *,
        per_network: int,
        limit: int,
        user_timeout: int,
        proxies: Collection[Network] = (),
        metrics_port: int | None,
    ) -> None:
        self.open = 0
        self.closed: Counter[CloseReason] = Counter()
        self._per_network = per_network
        self._total = int(limit * (1 - _FREE))
        self._user_timeout = user_timeout
        self._metrics_port = metrics_port
        self._proxies = tuple(proxies)
        self._network = lru_cache(_PEER_CACHE_SIZE)(self._counted_network)
        self._given_up: dict[Peer, CloseReason] = {}
        self._wake = asyncio.Event()

    def give_up(self, peer: Peer, *, reason: CloseReason) -> None:
        """Close the connection with a peer soon, for it does not read what it asked for."""
        self._given_up[peer] = reason
        self._wake.set()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Guard the connections until the block is left."""
        task = asyncio.create_task(self._guard()) if sockets.IS_SUPPORTED else None
        try:
            yield
        finally:
            if task is not None:
                task.cancel()
                await asyncio.wait([task])

    async def _guard(self) -> None:
        ports: set[int] = set()
        while not ports:  # the server listens only after the application has started
            await asyncio.sleep(_RETRY_INTERVAL)
            ports = sockets.listening_ports(
                other_than=self._metrics_port, user_timeout=self._user_timeout, unsent=_MAX_UNSENT
            )
        pause = _POLL_INTERVAL
        while True:
            try:
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            try:
                pause = _RETRY_INTERVAL if self._look(ports) else _POLL_INTERVAL
            except Exception:  # noqa: BLE001 - whatever it is, the next look is needed all the more
                if _lines.is_due("failed"):
                    _log.exception("The connections cannot be looked at")

    def _look(self, ports: Collection[int]) -> bool:
        """Close what has to go, and tell whether there were too many."""
        found = {connection.peer: connection for connection in sockets.accepted(ports)}
        self.open = len(found)
        given_up, self._given_up = self._given_up, {}
        for peer, reason in given_up.items():
            if (connection := found.pop(peer, None)) is not None:
                self._close(connection, reason)
        before = self.open
        excess = in_excess(map(self._seen, found.values()), per_network=self._per_network, total=self._total)
        for connection in excess:
            self._close(found[connection.peer], "too_many")
        if excess and _lines.is_due("too many"):
            _log.warning("%s of %s connections are too many and were closed", len(excess), before)
        return bool(excess)

    def _close(self, connection: Accepted, reason: CloseReason) -> None:
        if sockets.reset(connection):
            self.open -= 1
            self.closed[reason] += 1

    def _seen(self, connection: Accepted) -> Connection:
        return Connection(
            peer=connection.peer,
            network=self._network(connection.peer[0]),
            idle=connection.idle,
            is_waiting=connection.is_waiting,
        )

    def _counted_network(self, host: str) -> str | None:
        """Return whom a peer is counted for; ``None`` for proxies."""
        address = ip_address(host.partition("%")[0])
        if isinstance(address, IPv6Address):
            address = address.ipv4_mapped or address
        return None if any(address in network for network in self._proxies) else network_of(str(address))
