"""What rate limits need of the outside."""

from collections.abc import Sequence
from typing import Protocol

from domain.rate_limits.model import Hit, Quota, RateLimitResult


class RateLimiter(Protocol):
    """Counts requests, exactly also where many come at once."""

    async def hit(self, hits: Sequence[Hit]) -> Sequence[RateLimitResult]:
        """Count a request for all of these, or for none of them if one is exhausted; a result for each.

        So a refused request costs nothing: whoever is stopped by a narrow quota does not use up a wide one, which
        others share. A limiter that limits nothing gives no results.
        """
        ...

    async def forget(self, quota: Quota, key: str) -> None:
        """Begin a quota anew for a key."""
        ...

    async def remember(self, key: str, *, seconds: int) -> None:
        """Know the key from now on, for so long."""
        ...

    async def knows(self, key: str) -> bool:
        """Tell whether the key is remembered."""
        ...
