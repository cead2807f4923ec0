"""Counters in the memory of this process."""

import time
from collections import OrderedDict
from collections.abc import Sequence
from itertools import islice

from limits.aio.storage import MemoryStorage

from adapters.rate_limits.counting import StorageRateLimiter, counter
from domain.rate_limits.model import Hit, Verdict

_CAPACITY = 100_000
"""Counters, of about 300 bytes."""


class MemoryRateLimiter(StorageRateLimiter):
    """Counts for one process."""

    def __init__(self, *, capacity: int = _CAPACITY) -> None:
        self._memory = BoundedMemoryStorage(capacity=capacity)
        super().__init__(self._memory)

    def learn(self, hits: Sequence[Hit], verdicts: Sequence[Verdict]) -> None:
        """Count on from where another limiter is, or from where this one is if that is further."""
        for (quota, key), verdict in zip(hits, verdicts, strict=True):
            self._memory.lift(counter(quota, key), quota.amount - verdict.remaining, verdict.reset)


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

    def lift(self, key: str, count: int, expiry: float) -> None:
        """Make a counter stand at least at this; a new one expires in so many seconds."""
        now = time.time()
        if self.expirations.get(key, 0) > now:
            self.storage[key] = max(self.storage[key], count)
        elif count:
            self._queue.pop(key, None)
            self._make_room()
            self.expirations[key] = now + expiry
            self.storage[key] = count

    def _make_room(self) -> None:
        now = time.time()
        for oldest in list(islice(self._queue, 2)):
            if self._queue[oldest] <= now or len(self._queue) >= self._capacity:
                del self._queue[oldest]
                self.storage.pop(oldest, None)
            else:
                self._queue.move_to_end(oldest)  # so that others have their turn
