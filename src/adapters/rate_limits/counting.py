"""Fixed windows: a counter for each quota and key, which goes away when its window ends."""

from collections.abc import Sequence
from math import ceil

from domain.rate_limits.model import Hit, Quota, RateLimitResult


def counter(quota: Quota, key: str) -> str:
    """Return the name of the counter of a key."""
    return f"{quota.name}:{key}"


def results(
    hits: Sequence[Hit], counts: Sequence[int], ends: Sequence[float], *, is_refused: bool
) -> Sequence[RateLimitResult]:
    """Return what the counters say; ``ends`` are the seconds that are left of their windows."""
    return [
        RateLimitResult(
            quota=quota,
            is_allowed=not is_refused or count < quota.amount,
            remaining=max(0, quota.amount - count),
            # A clock of floating-point seconds may add some nanoseconds to a window that has just begun.
            reset=min(max(1, ceil(end)), quota.window),
        )
        for (quota, _), count, end in zip(hits, counts, ends, strict=True)
    ]
