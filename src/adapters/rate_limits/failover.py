"""Limits that go on without what they are shared through."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from time import monotonic
from typing import TypeVar

from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from adapters.rate_limits.memory import MemoryRateLimiter
from domain.rate_limits.model import Hit, Quota, RateLimitResult
from domain.rate_limits.ports import RateLimiter

_TIMEOUT = 0.25
"""Seconds that a request waits: far longer than a Redis that is well takes, and shorter than what people notice."""

_RETRY_INTERVAL = 5
"""Seconds until the next request tries again."""

_PROBE = "whether it can be written"

_LOST = "Rate limits are counted by each process for itself, because Redis does not answer"

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class FailoverRateLimiter:
    """Counts in ``shared``, and while that cannot be reached, in ``local``: a circuit breaker.

    It breaks at once when there is an error, and when there is no answer, at the second time: who was slow once may
    have been busy, and so may we. From then on one request every five seconds finds out and waits a quarter of a second
    for it; the others go on at once. Only a write tells that all is well: a replica, or a Redis that is full, still
    answers what it is asked and counts nothing.

    To refuse everybody because the counters are gone would do an attacker's work, and to limit nobody would reward it.
    So ``local`` learns what ``shared`` counts, and goes on from there.
    """

    def __init__(self, *, shared: RateLimiter, local: MemoryRateLimiter) -> None:
        self._shared = shared
        self._local = local
        self._is_in_doubt = False
        self._retry_at: float | None = None

    async def hit(self, hits: Sequence[Hit]) -> Sequence[RateLimitResult]:
        """See the port."""
        results = await self._ask(lambda limiter: limiter.hit(hits))
        self._local.learn(hits, results)
        return results

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
        await self._ask(_probe)
        return [] if self._retry_at is None else [f"{_LOST}."]

    async def _ask(self, question: Callable[[RateLimiter], Awaitable[_T]]) -> _T:
        is_trial = self._retry_at is not None
        if self._retry_at is not None:
            if monotonic() < self._retry_at:
                return await question(self._local)
            self._retry_at = monotonic() + _RETRY_INTERVAL  # one request tries, the others do not wait for it
        was_in_doubt = self._is_in_doubt
        try:
            async with _timeout():
                if is_trial:
                    await _probe(self._shared)
                answer = await question(self._shared)
        except (TimeoutError, RedisTimeoutError) as error:
            # Those who began before the first of them gave up have learned nothing that it has not.
            if is_trial or (was_in_doubt and self._is_in_doubt):
                self._record_failure(error)
            self._is_in_doubt = True
            return await question(self._local)
        except (RedisError, OSError) as error:
            self._record_failure(error)
            return await question(self._local)
        self._is_in_doubt = False
        if is_trial:
            self._record_success()
        return answer

    def _record_failure(self, error: Exception) -> None:
        if self._retry_at is None:
            _log.warning("%s: %s", _LOST, str(error) or type(error).__name__)
        self._retry_at = monotonic() + _RETRY_INTERVAL

    def _record_success(self) -> None:
        if self._retry_at is not None:
            _log.warning("Rate limits are shared through Redis again")
        self._retry_at = None


@asynccontextmanager
async def _timeout() -> AsyncGenerator[None]:
    """Limit how long the block takes, in two halves: a standstill of our own event loop is over in one of them.

    Otherwise an answer that came meanwhile would be thrown away, and Redis blamed for it.
    """
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(None) as limit:
        half = loop.call_later(_TIMEOUT / 2, lambda: limit.reschedule(loop.time() + _TIMEOUT / 2))
        try:
            yield
        finally:
            half.cancel()


async def _probe(limiter: RateLimiter) -> None:
    await limiter.remember(_PROBE, seconds=1)
