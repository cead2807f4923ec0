"""Coroutines wait for their turn, and none is lost when one of them goes away."""

import asyncio

import pytest

from adapters.concurrency.caller_limiter import CallerConcurrencyLimiter
from adapters.concurrency.limiter import FairConcurrencyLimiter
from domain.concurrency.caller import Caller
from domain.concurrency.fair_queue import ConcurrencyLimits
from domain.errors import Overloaded, TooManyConcurrent

FOR_EVER = 3_600
AT_ONCE = 0.0
HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"


def a_limiter(
    *, capacity: int | None = None, max_waiting: int = 10, max_wait: float = FOR_EVER
) -> FairConcurrencyLimiter:
    return FairConcurrencyLimiter(
        ConcurrencyLimits(capacity=capacity, per_key=1, max_waiting=max_waiting), max_wait=max_wait
    )


async def settled() -> None:
    """Let every coroutine go as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_second_one_waits_until_the_first_is_done() -> None:
    limiter = a_limiter()
    order: list[str] = []

    async def second() -> None:
        async with limiter.slot("a"):
            order.append("second")

    async with limiter.slot("a"):
        waiting = asyncio.create_task(second())
        await settled()
        assert limiter.waiting == 1
        order.append("first")
    await waiting
    assert order == ["first", "second"]
    assert (limiter.running, limiter.waiting) == (0, 0)


async def test_other_keys_do_not_wait() -> None:
    limiter = a_limiter()
    async with limiter.slot("a"), limiter.slot("b"):
        assert limiter.running == 2


async def test_who_has_waited_too_long_behind_their_own_is_told_so() -> None:
    limiter = a_limiter(max_wait=AT_ONCE)
    async with limiter.slot("a"):
        with pytest.raises(TooManyConcurrent):
            await limiter.acquire("a")
    assert (limiter.running, limiter.waiting) == (0, 0)


async def test_who_has_waited_too_long_behind_others_is_not_blamed() -> None:
    limiter = a_limiter(capacity=1, max_wait=AT_ONCE)
    async with limiter.slot("a"):
        with pytest.raises(Overloaded):
            await limiter.acquire("b")


async def test_one_too_many_is_refused_at_once() -> None:
    limiter = a_limiter(max_waiting=0)
    async with limiter.slot("a"):
        with pytest.raises(TooManyConcurrent):
            await limiter.acquire("a")


async def test_who_goes_away_while_waiting_gives_their_place_in_the_queue_up() -> None:
    limiter = a_limiter()
    async with limiter.slot("a"):
        waiting = asyncio.create_task(limiter.acquire("a"))
        await settled()
        waiting.cancel()
        await asyncio.wait((waiting,))
    assert (limiter.running, limiter.waiting) == (0, 0)


async def test_who_goes_away_just_when_it_is_their_turn_passes_it_on() -> None:
    limiter = a_limiter()
    await limiter.acquire("a")
    first, second = (asyncio.create_task(limiter.acquire("a")) for _ in range(2))
    await settled()
    limiter.release("a")
    first.cancel()  # it has the turn, and does not know yet
    await asyncio.wait((first, second), timeout=FOR_EVER)
    assert first.cancelled()
    assert second.result() is None
    limiter.release("a")
    assert (limiter.running, limiter.waiting) == (0, 0)


async def test_an_error_at_work_gives_the_turn_back() -> None:
    limiter = a_limiter()
    with pytest.raises(RuntimeError):
        async with limiter.slot("a"):
            raise RuntimeError
    assert limiter.running == 0


class TestCallers:
    """Accounts of one network share what that may have."""

    @pytest.fixture
    def callers(self) -> CallerConcurrencyLimiter:
        own, network = (
            FairConcurrencyLimiter(ConcurrencyLimits(per_key=limit, max_waiting=0), max_wait=AT_ONCE)
            for limit in (1, 2)
        )
        return CallerConcurrencyLimiter(own=own, network=network)

    async def test_one_account_has_its_own_and_no_more(self, callers: CallerConcurrencyLimiter) -> None:
        async with callers.slot(Caller(1, HERE)):
            for network in (HERE, ELSEWHERE):
                with pytest.raises(TooManyConcurrent):
                    await callers.acquire(Caller(1, network))

    async def test_many_accounts_of_one_network_have_no_more_than_that_may(
        self, callers: CallerConcurrencyLimiter
    ) -> None:
        async with callers.slot(Caller(1, HERE)), callers.slot(Caller(2, HERE)):
            with pytest.raises(TooManyConcurrent):
                await callers.acquire(Caller(3, HERE))
            async with callers.slot(Caller(4, ELSEWHERE)):
                assert callers.running == 3

    async def test_a_refusal_keeps_nothing(self, callers: CallerConcurrencyLimiter) -> None:
        async with callers.slot(Caller(1, HERE)), callers.slot(Caller(2, HERE)):
            with pytest.raises(TooManyConcurrent):
                await callers.acquire(Caller(3, HERE))
        async with callers.slot(Caller(3, HERE)):
            assert (callers.running, callers.waiting) == (1, 0)
