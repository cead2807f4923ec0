"""What every ``RateLimiter`` does."""

import asyncio
from time import monotonic

import pytest

from domain.rate_limits.model import Quota
from domain.rate_limits.ports import RateLimiter

NARROW = Quota(name="narrow", amount=2, window=60)
WIDE = Quota(name="wide", amount=3, window=600)
SHORT = Quota(name="short", amount=1, window=1)


class RateLimiterContract:
    async def test_as_many_pass_as_the_quota_says(self, limiter: RateLimiter) -> None:
        started = monotonic()
        results = [(await limiter.hit([(NARROW, "ada")]))[0] for _ in range(4)]
        took = monotonic() - started

        assert [result.is_allowed for result in results] == [True, True, False, False]
        assert [result.remaining for result in results] == [1, 0, 0, 0]
        assert {result.quota for result in results} == {NARROW}
        assert all(NARROW.window - took - 1 <= result.reset <= NARROW.window for result in results)

    async def test_a_refused_hit_is_counted_for_no_quota(self, limiter: RateLimiter) -> None:
        for _ in range(10):
            await limiter.hit([(NARROW, "ada"), (WIDE, "everybody")])

        narrow, wide = await limiter.hit([(NARROW, "ada"), (WIDE, "everybody")])
        assert (narrow.is_allowed, narrow.remaining) == (False, 0)
        assert (wide.is_allowed, wide.remaining) == (True, 1)
        [last] = await limiter.hit([(WIDE, "everybody")])
        assert (last.is_allowed, last.remaining) == (True, 0)

    async def test_a_wide_quota_that_is_exhausted_spares_the_narrow_one(self, limiter: RateLimiter) -> None:
        for _ in range(WIDE.amount):
            await limiter.hit([(WIDE, "everybody")])

        narrow, wide = await limiter.hit([(NARROW, "ada"), (WIDE, "everybody")])

        assert (narrow.is_allowed, narrow.remaining) == (True, 2)
        assert not wide.is_allowed

    async def test_keys_and_quotas_are_counted_apart(self, limiter: RateLimiter) -> None:
        for _ in range(NARROW.amount):
            await limiter.hit([(NARROW, "ada")])

        [of_another_key] = await limiter.hit([(NARROW, "grace")])
        [of_another_quota] = await limiter.hit([(WIDE, "ada")])

        assert of_another_key.is_allowed
        assert of_another_quota.remaining == WIDE.amount - 1

    async def test_the_window_ends(self, limiter: RateLimiter) -> None:
        [first] = await limiter.hit([(SHORT, "ada")])
        [second] = await limiter.hit([(SHORT, "ada")])
        assert (first.is_allowed, second.is_allowed) == (True, False)
        assert second.reset == 1

        await asyncio.sleep(1.05)

        [third] = await limiter.hit([(SHORT, "ada")])
        assert third.is_allowed

    async def test_a_quota_begins_anew_when_it_is_forgotten(self, limiter: RateLimiter) -> None:
        for _ in range(NARROW.amount):
            await limiter.hit([(NARROW, "ada"), (WIDE, "ada")])

        await limiter.forget(NARROW, "ada")
        await limiter.forget(NARROW, "nobody")

        narrow, wide = await limiter.hit([(NARROW, "ada"), (WIDE, "ada")])
        assert (narrow.remaining, wide.remaining) == (1, 0)

    async def test_keys_are_known_for_as_long_as_they_are_remembered(self, limiter: RateLimiter) -> None:
        assert not await limiter.knows("ada")

        await limiter.remember("ada", seconds=1)
        await limiter.remember("grace", seconds=1)
        await limiter.remember("grace", seconds=60)
        assert await limiter.knows("ada")

        await asyncio.sleep(1.05)
        assert not await limiter.knows("ada")
        assert await limiter.knows("grace")

    @pytest.mark.parametrize("amount", [1, 20])
    async def test_of_many_at_once_no_more_pass_than_may(self, limiters: list[RateLimiter], amount: int) -> None:
        contested = Quota(name="contested", amount=amount, window=60)

        answers = await asyncio.gather(
            *(limiters[number % len(limiters)].hit([(contested, "ada"), (WIDE, str(number))]) for number in range(100))
        )

        assert sum(all(result.is_allowed for result in results) for results in answers) == amount
