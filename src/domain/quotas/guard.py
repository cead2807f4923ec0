"""Keeps accounts within their quotas, at no cost as long as they are far from them."""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from domain.concurrency.ports import ConcurrencyLimiter
from domain.quotas.model import QUOTA_NAMES, AccountQuotas, Usage
from domain.rate_limits.errors import RateLimited
from domain.rate_limits.ports import RateLimiter
from domain.rate_limits.quotas import ACCOUNT, MEASUREMENT
from domain.store import Repositories, Result, Store

_BURST = 3 * ACCOUNT.amount
"""What an account can add at once: all of a window of its rate limit at the end of it, all of the next one, and what
was on its way when it was measured."""

_RATE = ACCOUNT.amount / ACCOUNT.window
"""What it can add in each second after that."""

_SHARE = 64
"""A process adds this part of a quota at the most before it measures again, whatever others do meanwhile."""

_BYTES_IN_DOUBT = 8
"""This part of the bytes is never given away unmeasured: the shares of so many processes are 1/8. No rate limit says
how many bytes others can add."""

_CHEAP = Usage(todos=2_000, bytes=2 * 1024 * 1024, posts=2_000)
"""An account that keeps no more is measured in about two milliseconds; one that keeps more, in up to 300."""

_SHOWN_FOR = 10
"""Seconds for which the figures of an account that is dear to measure are shown again."""


class _Known(Struct, kw_only=True):
    """What an account kept when it was last measured, and what this process has added to it since."""

    measured: Usage
    at: float
    added: Usage = Usage()

    @property
    def is_cheap(self) -> bool:
        return all(getattr(self.measured, name) <= getattr(_CHEAP, name) for name in QUOTA_NAMES)


class QuotaGuard:
    """Refuses what would exceed a quota of an account.

    Far from the quotas nothing is asked: what the account kept when it was measured is remembered, and what others can
    have added meanwhile is bounded by its rate limit. Where that leaves doubt it is measured anew. Where there still is
    doubt, close to a quota or with small quotas, it depends on how much that reads. An account that keeps little is
    measured and written to in one transaction that locks it: that is exact. One that keeps much is measured without a
    lock, which on SQLite would keep everybody from writing; its measurements and writes take ``turns``, one at a time
    for each account: that is exact in one process; each other one may go beyond by what it writes at this moment.
    ``monotonic`` returns seconds.
    """

    def __init__(
        self,
        store: Store,
        quotas: AccountQuotas,
        *,
        limiter: RateLimiter,
        turns: ConcurrencyLimiter,
        monotonic: Callable[[], float],
        capacity: int = 10_000,
    ) -> None:
        self.quotas = quotas
        self._store = store
        self._limiter = limiter
        self._turns = turns
        self._monotonic = monotonic
        self._capacity = capacity
        self._known: dict[int, _Known] = {}

    async def usage(self, owner_id: int) -> Usage:
        """Return what the account keeps, for people to see."""
        known = self._known.get(owner_id)
        if known is None or known.is_cheap or self._monotonic() - known.at >= _SHOWN_FOR:
            known = await self._measured(owner_id)
        return known.measured + known.added

    async def has_room(self, owner_id: int, growth: Usage) -> bool:
        """Tell whether there is room for ``growth`` beyond doubt; it counts as added from now on.

        :raises QuotaExceeded: if there is none.
        :raises RateLimited: if an account that is dear to measure had to be measured too often.
        :raises TooManyConcurrent: if too many requests wait for such an account to be measured.
        """
        known = self._known.get(owner_id)
        if known is None or not self._is_beyond_doubt(known, growth):
            if known is not None and not known.is_cheap:
                await self._hit_measurement(owner_id)
            known = await self._measured(owner_id)
            if not self._is_beyond_doubt(known, growth):
                self.quotas.require_room(known.measured, growth)
                return False
        known.added += growth
        return True

    async def checked(self, owner_id: int, growth: Usage, add: Callable[[Repositories], Awaitable[Result]]) -> Result:
        """Add ``growth``, which ``has_room`` had doubts of, to the repositories that ``add`` is called with.

        :raises QuotaExceeded: if there is no room.
        :raises Unauthenticated: if the account is gone.
        :raises TooManyConcurrent: as ``has_room``.
        """
        known = self._known.get(owner_id) or await self._measured(owner_id)
        if known.is_cheap:

            async def measure_and_add(tx: Repositories) -> Result:
                await tx.usage.lock(owner_id=owner_id)
                self.quotas.require_room(await tx.usage.measure(owner_id=owner_id), growth)
                return await add(tx)

            result = await self._store.transaction(measure_and_add)
            known.added += growth
            return result
        async with self._turns.slot(owner_id):
            known = self._known.get(owner_id) or await self._measure(owner_id)
            self.quotas.require_room(known.measured + known.added, growth)
            known.added += growth
            return await add(self._store)

    def _is_beyond_doubt(self, known: _Known, growth: Usage) -> bool:
        quotas, added = self.quotas, known.added + growth
        total = known.measured + added
        others = _BURST + _RATE * (self._monotonic() - known.at)
        return (
            (not growth.todos or (added.todos <= quotas.todos // _SHARE and total.todos + others <= quotas.todos))
            and (not growth.posts or (added.posts <= quotas.posts // _SHARE and total.posts + others <= quotas.posts))
            and added.bytes <= quotas.bytes // _SHARE
            and total.bytes <= quotas.bytes - quotas.bytes // _BYTES_IN_DOUBT
        )

    async def _hit_measurement(self, owner_id: int) -> None:
        results = await self._limiter.hit([(MEASUREMENT, str(owner_id))])
        refusals = [result for result in results if not result.is_allowed]
        if refusals:
            raise RateLimited(refusals)

    async def _measured(self, owner_id: int) -> _Known:
        async with self._turns.slot(owner_id):
            return await self._measure(owner_id)

    async def _measure(self, owner_id: int) -> _Known:
        """Measure what the account keeps, when it is its turn.

        What was let through beyond doubt and is being written at this moment may be missing: ``_BURST`` is for that.
        """
        at = self._monotonic()
        known = _Known(measured=await self._store.usage.measure(owner_id=owner_id), at=at)
        self._known.pop(owner_id, None)
        if len(self._known) >= self._capacity:
            del self._known[next(iter(self._known))]
        self._known[owner_id] = known
        return known
