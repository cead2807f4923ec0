"""Counters in the memory of this process."""

import time
from collections import OrderedDict
from itertools import islice

from limits.aio.storage import MemoryStorage

from adapters.rate_limits.counting import StorageRateLimiter

_CAPACITY = 100_000
"""Counters, of about 300 bytes."""


class MemoryRateLimiter(StorageRateLimiter):
    """Counts for one process."""

    def __init__(self, *, capacity: int = _CAPACITY) -> None:
        super().__init__(BoundedMemoryStorage(capacity=capacity))


class BoundedMemoryStorage(MemoryStorage):
    """The library's memory, whose cost and size do not grow with the number of clients.

    The library looks at all counters at every hit for those that have expired: a millisecond for ten thousand, which
    anybody with as many addresses can make it pay. Here a new counter takes the two oldest ones with it if they have
    expired, so that there are never many more than are in use; and if there are still too many, the oldest goes.
    """

    STORAGE_SCHEME = ("async+bounded-memory",)  # pyright: ignore[reportAssignmentType] - a list that nobody may change

    def __init__(self, *, capacity: int) -> None:
        super().__init__()
        self._capacity = capacity
        # A plain dict would walk over all that was ever removed from its beginning.
        self._queue = OrderedDict[str, float]()
        self.expirations = self._queue

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add to a counter and return it; a new one expires in so many seconds."""
        count = await self.get(key) + amount
        if count == amount:
            self._make_room()
            self.expirations[key] = time.time() + expiry
        self.storage[key] = count
        return count

    def _make_room(self) -> None:
        now = time.time()
        for oldest in list(islice(self._queue, 2)):
            if self._queue[oldest] <= now or len(self._queue) >= self._capacity:
                del self._queue[oldest]
                self.storage.pop(oldest, None)
            else:
                self._queue.move_to_end(oldest)  # so that others have their turn
