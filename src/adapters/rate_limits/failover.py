"""Limits that go on without what they are shared through."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import TypeVar

from redis.exceptions import RedisError

from domain.rate_limits.model import Hit, Quota, Verdict
from domain.rate_limits.ports import RateLimiter

_PATIENCE = 0.25
"""Seconds that a request waits: far longer than a Redis that is well takes, and shorter than what people notice."""

_PAUSE = 5
"""Seconds until the next request tries again."""

_LOST = "Rate limits are counted by each process for itself, because Redis does not answer"

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class FailoverRateLimiter:
    """Counts in ``shared``, and while that cannot be reached, in ``local``: a circuit breaker.

    When it breaks, and every five seconds from then on, one request finds out and waits a quarter of a second for it;
    the others go on at once. To refuse everybody because the counters are gone would do an attacker's work, and to
    limit nobody would reward it.
    """

    def __init__(self, *, shared: RateLimiter, local: RateLimiter) -> None:
        self._shared = shared
        self._local = local
        self._retry_at: float | None = None

    async def hit(self, hits: Sequence[Hit]) -> Sequence[Verdict]:
        """See the port."""
        return await self._ask(lambda limiter: limiter.hit(hits))

    async def forget(self, quota: Quota, key: str) -> None:
        """See the port."""
        await self._local.forget(quota, key)
        await self._ask(lambda limiter: limiter.forget(quota, key))

    async def remember(self, key: str, *, seconds: int) -> None:
        """See the port. It is remembered here, too, for when nobody else can be asked."""
        await self._local.remember(key, seconds=seconds)
        await self._ask(lambda limiter: limiter.remember(key, seconds=seconds))

    async def knows(self, key: str) -> bool:
        """See the port."""
        return await self._ask(lambda limiter: limiter.knows(key))

    async def notices(self) -> list[str]:
        """Return what an operator should know, after trying again if it is time."""
        await self.knows("whether it answers")
        return [] if self._retry_at is None else [f"{_LOST}."]

    async def _ask(self, question: Callable[[RateLimiter], Awaitable[_T]]) -> _T:
        is_trial = self._retry_at is not None
        if self._retry_at is not None:
            if monotonic() < self._retry_at:
                return await question(self._local)
            self._retry_at = monotonic() + _PAUSE  # one request tries, the others do not wait for it
        try:
            async with asyncio.timeout(_PATIENCE):
                answer = await question(self._shared)
        except (RedisError, OSError) as error:  # TimeoutError is an OSError
            self._lose(error)
            return await question(self._local)
        if is_trial:
            self._find()
        return answer

    def _lose(self, error: Exception) -> None:
        if self._retry_at is None:
            _log.warning("%s: %s", _LOST, str(error) or type(error).__name__)
        self._retry_at = monotonic() + _PAUSE

    def _find(self) -> None:
        if self._retry_at is not None:
            _log.warning("Rate limits are shared through Redis again")
        self._retry_at = None
