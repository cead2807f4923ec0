"""A fair queue in which coroutines of one event loop wait."""

import asyncio
from collections.abc import AsyncGenerator, Hashable
from contextlib import asynccontextmanager

from domain.concurrency.fair_queue import ConcurrencyLimits, FairQueue
from domain.errors import Overloaded, TooManyConcurrent


class FairConcurrencyLimiter:
    """Implements ``domain.concurrency.ports.ConcurrencyLimiter``; ``max_wait`` is in seconds.

    ``name`` says in errors what there is too much of, as in "Too many searches".
    """

    def __init__(self, limits: ConcurrencyLimits, *, max_wait: float, name: str = "requests") -> None:
        self._queue: FairQueue[asyncio.Future[None]] = FairQueue(limits)
        self._max_wait = max_wait
        self._name = name

    @property
    def running(self) -> int:
        """How many are at work."""
        return self._queue.running

    @property
    def waiting(self) -> int:
        """How many wait."""
        return self._queue.waiting

    def try_acquire(self, key: Hashable) -> bool:
        """Have a turn at once, if there is one to be had; one ``release`` has to follow."""
        return self._queue.admit(key)

    async def acquire(self, key: Hashable, *, is_preferred: bool = False) -> None:
        """See the port."""
        if self._queue.admit(key):
            return
        turn = asyncio.get_running_loop().create_future()
        if not self._queue.wait(key, turn, is_preferred=is_preferred):
            raise self._own_fault()
        await self._wait(key, turn)

    def release(self, key: Hashable) -> None:
        """See the port."""
        turn = self._queue.leave(key)
        if turn is not None:
            turn.set_result(None)

    @asynccontextmanager
    async def slot(self, key: Hashable, *, is_preferred: bool = False) -> AsyncGenerator[None]:
        """See the port."""
        await self.acquire(key, is_preferred=is_preferred)
        try:
            yield
        finally:
            self.release(key)

    async def _wait(self, key: Hashable, turn: asyncio.Future[None]) -> None:
        """Wait for the turn, and pass it on if it comes to somebody who has just gone."""
        try:
            await asyncio.wait((turn,), timeout=self._max_wait)
        except asyncio.CancelledError:
            if not self._queue.abandon(key, turn):
                self.release(key)
            raise
        if not turn.done():
            self._queue.abandon(key, turn)
            raise self._refusal(key)

    def _refusal(self, key: Hashable) -> TooManyConcurrent | Overloaded:
        if self._queue.is_at_its_limit(key):
            return self._own_fault()
        return Overloaded(f"Too many {self._name} are being answered; try again.")

    def _own_fault(self) -> TooManyConcurrent:
        return TooManyConcurrent(f"Too many {self._name} of yours are being answered; let them end first.")
