"""Turns that are shared twice: by those of one account, and by the accounts of one network."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from adapters.concurrency.limiter import FairConcurrencyLimiter
from domain.concurrency.caller import Caller


class CallerConcurrencyLimiter:
    """Implements ``domain.concurrency.ports.CallerLimiter`` with two others.

    The own turn comes first: so in the line of the network nobody has more than they may have at work.
    """

    def __init__(self, *, own: FairConcurrencyLimiter, network: FairConcurrencyLimiter) -> None:
        self._own = own
        self._network = network

    @property
    def running(self) -> int:
        """How many are at work."""
        return self._network.running

    @property
    def waiting(self) -> int:
        """How many wait."""
        return self._own.waiting + self._network.waiting

    async def acquire(self, caller: Caller) -> None:
        """See the port."""
        own, network = caller
        if not self._own.try_acquire(own):
            await self._own.acquire(own)
        if self._network.try_acquire(network):
            return
        try:
            await self._network.acquire(network)
        except BaseException:
            self._own.release(own)
            raise

    def release(self, caller: Caller) -> None:
        """See the port."""
        self._network.release(caller.network)
        self._own.release(caller.own)

    @asynccontextmanager
    async def slot(self, caller: Caller) -> AsyncGenerator[None]:
        """See the port."""
        await self.acquire(caller)
        try:
            yield
        finally:
            self.release(caller)
