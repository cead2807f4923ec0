"""A lean load generator: a fixed number of keep-alive connections, each with one request under way at any time.

It does as little as it can for each request, because it shares its core with the database: the requests are bytes
that were made before, and of a response only the status and the length are looked at.
"""

import asyncio
import re
from collections.abc import Iterator
from time import perf_counter

from msgspec import Struct

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)
_STATUS = slice(9, 12)
_GRACE = 30
"""Seconds to wait for the responses to the last requests."""


class LoadError(Exception):
    """The service did not answer as it should."""


class Outcome(Struct, frozen=True):
    """What came of a run: its length, and how long each response took, both in seconds; the latencies are sorted."""

    seconds: float
    latencies: list[float]


async def load(port: int, requests: Iterator[bytes], *, connections: int, seconds: float, status: int) -> Outcome:
    """Send ``requests`` for so many seconds, or until there are no more.

    :raises LoadError: at the first response that has another status or cannot be read.
    """
    loop = asyncio.get_running_loop()
    run = _Run(requests, status, connections, loop.create_future())
    clients = [(await loop.create_connection(lambda: _Client(run), "127.0.0.1", port)) for _ in range(connections)]
    started = perf_counter()
    run.deadline = started + seconds
    try:
        for transport, client in clients:
            client.start(transport)
        async with asyncio.timeout(seconds + _GRACE):
            await run.finished
    except TimeoutError:
        raise LoadError(f"A response took more than {_GRACE} s.") from None
    finally:
        for transport, _ in clients:
            transport.close()
    return Outcome(perf_counter() - started, sorted(run.latencies))


class _Run:
    """What the connections of a run share."""

    def __init__(
        self, requests: Iterator[bytes], status: int, connections: int, finished: asyncio.Future[None]
    ) -> None:
        self.requests = requests
        self.status = str(status).encode()
        self.busy = connections
        self.finished = finished
        self.deadline = 0.0
        self.latencies: list[float] = []

    def one_is_done(self) -> None:
        self.busy -= 1
        if not self.busy and not self.finished.done():
            self.finished.set_result(None)

    def fail(self, problem: str) -> None:
        if not self.finished.done():
            self.finished.set_exception(LoadError(problem))


class _Client(asyncio.Protocol):
    """One connection."""

    _transport: asyncio.Transport

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._sent_at = 0.0
        self._head = b""
        self._missing = 0

    def start(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._send_next()

    def _send_next(self) -> None:
        self._sent_at = now = perf_counter()
        request = next(self._run.requests, None) if now < self._run.deadline else None
        if request is None:
            self._run.one_is_done()
        else:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._missing -= len(data)
        elif not self._begin(self._head + data):
            return
        if self._missing == 0:
            self._run.latencies.append(perf_counter() - self._sent_at)
            self._send_next()
        elif self._missing < 0:
            self._run.fail("A response is longer than it says.")

    def _begin(self, data: bytes) -> bool:
        """Read the head of a response; tell whether it is complete and as it should be."""
        end = data.find(b"\r\n\r\n")
        self._head = data if end < 0 else b""
        if end < 0:
            return False
        length = _LENGTH.search(data, 0, end + 2)
        if data[_STATUS] != self._run.status or length is None:
            expected = f"{self._run.status.decode()} with a Content-Length"
            self._run.fail(f"Expected was {expected}, this came: {data[:1000].decode(errors='replace')}")
            return False
        self._missing = int(length[1]) - (len(data) - end - 4)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._run.fail(f"The service closed a connection: {exc or 'without an error'}.")
