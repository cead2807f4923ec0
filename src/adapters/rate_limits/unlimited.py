"""No limits at all."""

from collections.abc import Sequence

from domain.rate_limits.model import Hit, Quota, RateLimitResult


class Unlimited:
    """Implements ``domain.rate_limits.ports.RateLimiter`` for whoever switched the limits off."""

    async def hit(self, hits: Sequence[Hit]) -> Sequence[RateLimitResult]:
        """See the port."""
        del hits
        return ()

    async def forget(self, quota: Quota, key: str) -> None:
        """See the port."""

    async def remember(self, key: str, *, seconds: int) -> None:
        """See the port."""

    async def knows(self, key: str) -> bool:
        """See the port."""
        del key
        return False
