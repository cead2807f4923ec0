"""Fixed windows: a counter for each quota and key, which goes away when its window ends."""

import time
from collections.abc import Sequence
from math import ceil

from limits.aio.storage import Storage

from domain.rate_limits.model import Hit, Quota, Verdict


class StorageRateLimiter:
    """Implements ``domain.rate_limits.ports.RateLimiter`` on any storage of the library.

    A hit is exact as long as nothing else is counted between its steps: where the storage never waits. One that does
    has to count in one step of its own.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def hit(self, hits: Sequence[Hit]) -> Sequence[Verdict]:
        """See the port."""
        names = [counter(quota, key) for quota, key in hits]
        counts = [await self._storage.get(name) for name in names]
        is_refused = any(count >= quota.amount for count, (quota, _) in zip(counts, hits, strict=True))
        if not is_refused:
            counts = [
                await self._storage.incr(name, quota.window) for name, (quota, _) in zip(names, hits, strict=True)
            ]
        now = time.time()
        ends = [await self._storage.get_expiry(name) - now for name in names]
        return verdicts(hits, counts, ends, is_refused=is_refused)

    async def forget(self, quota: Quota, key: str) -> None:
        """See the port."""
        await self._storage.clear(counter(quota, key))

    async def remember(self, key: str, *, seconds: int) -> None:
        """See the port."""
        await self._storage.clear(key)
        await self._storage.incr(key, seconds)

    async def knows(self, key: str) -> bool:
        """See the port."""
        return await self._storage.get(key) > 0


def counter(quota: Quota, key: str) -> str:
    """Return the name of the counter of a key."""
    return f"{quota.name}:{key}"


def verdicts(
    hits: Sequence[Hit], counts: Sequence[int], ends: Sequence[float], *, is_refused: bool
) -> Sequence[Verdict]:
    """Return what the counters say; ``ends`` are the seconds that are left of their windows."""
    return [
        Verdict(
            quota=quota,
            is_allowed=not is_refused or count < quota.amount,
            remaining=max(0, quota.amount - count),
            reset=max(1, ceil(end)),
        )
        for (quota, _), count, end in zip(hits, counts, ends, strict=True)
    ]
