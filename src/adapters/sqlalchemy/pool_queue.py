"""Who waits for a connection of a pool: not too many, and nobody for long."""

import asyncio

from adapters.sqlalchemy.database import BUSY, MAX_WAITING, OVERRUN, Unavailable


class PoolQueue:
    """Lets in as many as there are connections, in the order in which they come.

    ``acquire_timeout`` is how many seconds one waits for a turn.

    It stands in front of a pool whose own queue has no bound, and does not say how long it is.
    """

    def __init__(self, limit: int, *, acquire_timeout: float) -> None:
        self.limit = limit
        """How many connections there are."""
        self.waiting = 0
        """How many wait."""
        self._acquire_timeout = acquire_timeout
        self._turns = asyncio.Semaphore(limit)

    async def acquire(self) -> None:
        """Wait for a turn; one ``release`` has to follow.

        :raises Unavailable: if none becomes free in time, or too many wait.
        """
        if self._turns.locked():
            await self._wait_for_turn()
        else:
            await self._turns.acquire()

    def release(self) -> None:
        """Give the turn to who is next."""
        self._turns.release()

    def is_full(self, elsewhere: int = 0) -> bool:
        """Tell whether as many wait as may, together with those who wait ``elsewhere``."""
        return self.waiting + elsewhere >= MAX_WAITING * self.limit

    async def _wait_for_turn(self) -> None:
        if self.is_full():
            raise Unavailable(OVERRUN)
        self.waiting += 1
        try:
            async with asyncio.timeout(self._acquire_timeout):
                await self._turns.acquire()
        except TimeoutError as error:
            raise Unavailable(BUSY) from error
        finally:
            self.waiting -= 1
