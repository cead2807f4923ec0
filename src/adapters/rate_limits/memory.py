"""Counters in the memory of this process."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import islice
from time import monotonic

from msgspec import Struct

from adapters.rate_limits.counting import counter, results
from domain.rate_limits.model import Hit, Quota, RateLimitResult

_CAPACITY = 100_000
"""Counters, of about 300 bytes."""


class _Counter(Struct):
    count: int
    ends_at: float


class MemoryRateLimiter:
    """Implements ``domain.rate_limits.ports.RateLimiter`` for one process.

    Nothing is awaited between looking and counting, so a hit is exact. Windows are measured with a clock that nobody
    sets: one that is set back by an hour would keep a quota used up for an hour.
    """

    def __init__(self, *, capacity: int = _CAPACITY, clock: Callable[[], float] = monotonic) -> None:
        self._counters = _Counters(capacity)
        self._clock = clock

    @property
    def size(self) -> int:
        """How many counters are kept."""
        return len(self._counters)

    async def hit(self, hits: Sequence[Hit]) -> Sequence[RateLimitResult]:
        """See the port."""
        now = self._clock()
        names = [counter(quota, key) for quota, key in hits]
        found = [self._counters.get(name, now=now) for name in names]
        counts = [0 if one is None else one.count for one in found]
        ends = [0.0 if one is None else one.ends_at - now for one in found]
        if any(count >= quota.amount for count, (quota, _) in zip(counts, hits, strict=True)):
            return results(hits, counts, ends, is_refused=True)
        counted = [
            self._counters.raise_to(name, count + 1, seconds=quota.window, now=now)
            for name, count, (quota, _) in zip(names, counts, hits, strict=True)
        ]
        return results(hits, [one.count for one in counted], [one.ends_at - now for one in counted], is_refused=False)

    async def forget(self, quota: Quota, key: str) -> None:
        """See the port."""
        self._counters.remove(counter(quota, key))

    async def remember(self, key: str, *, seconds: int) -> None:
        """See the port."""
        self._counters.remove(key)
        self._counters.raise_to(key, 1, seconds=seconds, now=self._clock())

    async def knows(self, key: str) -> bool:
        """See the port."""
        return self._counters.get(key, now=self._clock()) is not None

    def learn(self, hits: Sequence[Hit], results: Sequence[RateLimitResult]) -> None:
        """Count on from where another limiter is, or from where this one is if that is further."""
        now = self._clock()
        for (quota, key), result in zip(hits, results, strict=True):
            count = quota.amount - result.remaining
            if count:
                self._counters.raise_to(counter(quota, key), count, seconds=result.reset, now=now)


class _Counters:
    """Counters by their names, whose cost and size do not grow with the number of clients.

    A new counter takes the two oldest ones with it if they have ended, so that there are never many more than are in
    use; and if there are still too many, the oldest goes.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        # A plain dict would walk over all that was ever removed from its beginning.
        self._counters = OrderedDict[str, _Counter]()

    def __len__(self) -> int:
        return len(self._counters)

    def get(self, name: str, *, now: float) -> _Counter | None:
        """Return the counter of that name if it has not ended."""
        found = self._counters.get(name)
        return found if found is not None and now < found.ends_at else None

    def raise_to(self, name: str, count: int, *, seconds: float, now: float) -> _Counter:
        """Make a counter stand at least at this; a new one ends in so many seconds."""
        found = self.get(name, now=now)
        if found is None:
            self.remove(name)
            self._make_room(now)
            found = self._counters[name] = _Counter(count, now + seconds)
        else:
            found.count = max(found.count, count)
        return found

    def remove(self, name: str) -> None:
        """Forget a counter, if there is one."""
        self._counters.pop(name, None)

    def _make_room(self, now: float) -> None:
        for oldest in list(islice(self._counters, 2)):
            if self._counters[oldest].ends_at <= now or len(self._counters) >= self._capacity:
                del self._counters[oldest]
            else:
                self._counters.move_to_end(oldest)  # so that others have their turn
