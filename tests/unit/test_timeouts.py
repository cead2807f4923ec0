"""Timeouts that share a timer do what asyncio's own do, and leave nothing behind."""

import asyncio
import gc
import threading
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any
from weakref import WeakSet

import pytest
import uvloop

from entrypoints.http.middleware.timeouts import Timeouts
from tests.jumping_loop import JumpingLoop, run

SECONDS = 30
"""Nobody waits for them: the clock jumps."""


def now() -> float:
    return asyncio.get_running_loop().time()


async def outcome_of(work: Awaitable[object]) -> str:
    try:
        await work
    except (TimeoutError, asyncio.CancelledError) as error:
        return type(error).__name__
    return "done"


async def within(timeouts: Timeouts, seconds: float) -> None:
    """Take so many seconds, within a timeout."""
    with timeouts.timeout():
        await asyncio.sleep(seconds)


def test_what_takes_too_long_is_cancelled_when_its_time_is_up() -> None:
    async def main() -> tuple[str, float]:
        began = now()
        return await outcome_of(within(Timeouts(SECONDS), 60)), now() - began

    outcome, took = run(main)

    assert (outcome, took) == ("TimeoutError", pytest.approx(SECONDS))


def test_what_is_done_in_time_is_left_alone_then_and_later() -> None:
    async def main() -> None:
        await within(Timeouts(SECONDS), SECONDS - 1)
        await asyncio.sleep(3 * SECONDS)

    run(main)


def test_it_says_whether_it_has_expired_and_when_it_would() -> None:
    async def main() -> None:
        timeouts = Timeouts(SECONDS)
        with timeouts.timeout() as kept:
            assert kept.when == now() + SECONDS
        with pytest.raises(TimeoutError) as raised, timeouts.timeout() as missed:
            await asyncio.sleep(60)

        assert (kept.has_expired, missed.has_expired) == (False, True)
        assert isinstance(raised.value.__cause__, asyncio.CancelledError)

    run(main)


def test_no_time_at_all_is_up_at_once() -> None:
    assert run(lambda: outcome_of(within(Timeouts(0), 60))) == "TimeoutError"


def test_after_it_the_task_goes_on_as_if_it_had_not_been_cancelled() -> None:
    async def main() -> int:
        await outcome_of(within(Timeouts(SECONDS), 60))
        await asyncio.sleep(1)
        return task_of_this().cancelling()

    assert run(main) == 0


def test_an_error_in_the_block_stays_what_it_is() -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match="x"), Timeouts(SECONDS).timeout():
            raise ValueError("x")

        with pytest.raises(ValueError, match="instead"), Timeouts(SECONDS).timeout():
            await fail_when_cancelled()
        assert task_of_this().cancelling() == 0

    run(main)


async def fail_when_cancelled() -> None:
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        raise ValueError("instead") from None


def test_a_block_that_takes_no_notice_has_ended_like_any_other() -> None:
    async def main() -> int:
        with Timeouts(SECONDS).timeout():
            await outcome_of(asyncio.sleep(60))
        return task_of_this().cancelling()

    assert run(main) == 0


def test_a_cancellation_from_elsewhere_is_passed_on() -> None:
    async def main() -> str:
        task = asyncio.create_task(within(Timeouts(SECONDS), 60))
        asyncio.get_running_loop().call_later(SECONDS - 1, task.cancel)
        return await outcome_of(task)

    assert run(main) == "CancelledError"


@pytest.mark.parametrize("is_first", [True, False], ids=["before it", "after it"])
def test_a_cancellation_from_elsewhere_at_the_moment_of_the_expiry_is_passed_on(*, is_first: bool) -> None:
    async def main() -> str:
        loop, timeouts = asyncio.get_running_loop(), Timeouts(SECONDS)
        moment = now() + SECONDS
        cancel: Callable[[], object] = lambda: task.cancel()  # noqa: E731, PLW0108 - there is no task yet
        if is_first:
            loop.call_at(moment, cancel)
        task = asyncio.create_task(within(timeouts, 60))
        await asyncio.sleep(0)
        if not is_first:
            loop.call_at(moment, cancel)
        outcome = await outcome_of(task)
        assert now() == pytest.approx(moment)
        return outcome

    assert run(main) == "CancelledError"


def test_a_task_that_was_cancelled_before_can_be_given_a_timeout() -> None:
    async def cleaning_up() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            assert await outcome_of(within(Timeouts(SECONDS), 60)) == "TimeoutError"

    async def main() -> str:
        task = asyncio.create_task(cleaning_up())
        await asyncio.sleep(0)
        task.cancel()
        return await outcome_of(task)

    assert run(main) == "CancelledError"


@pytest.mark.parametrize(("inner", "outer"), [(10, 20), (20, 10), (10, 10)])
def test_of_timeouts_in_one_another_the_one_that_is_up_first_counts(inner: float, outer: float) -> None:
    async def main() -> tuple[str, float]:
        began = now()
        inside, outside = Timeouts(inner).timeout(), Timeouts(outer).timeout()
        try:
            with outside:
                try:
                    with inside:
                        await asyncio.sleep(60)
                except TimeoutError:
                    return "inner", now() - began
        except TimeoutError:
            return "outer", now() - began
        return "none", now() - began

    # If both are up, who asked for the inner one must not go on as if only that were.
    assert run(main) == ("inner" if inner < outer else "outer", min(inner, outer))


def test_each_of_many_has_its_own_time_and_none_waits_for_another() -> None:
    async def main() -> list[tuple[str, float]]:
        timeouts, began = Timeouts(SECONDS), now()

        async def one(begin: float, seconds: float) -> tuple[str, float]:
            await asyncio.sleep(begin)
            return await outcome_of(within(timeouts, seconds)), now() - began

        works = [one(0, 5), one(1, 60), one(2, 10), one(2, 60), one(40, 60), one(200, 60)]
        return await asyncio.gather(*works)

    outcomes = run(main)

    assert [outcome for outcome, _ in outcomes] == ["done", "TimeoutError", "done", *["TimeoutError"] * 3]
    assert [ended for _, ended in outcomes] == pytest.approx([5, 31, 12, 32, 70, 230])


def test_as_many_as_come_have_one_timer() -> None:
    loop = JumpingLoop()

    async def main() -> int:
        timeouts = Timeouts(SECONDS)
        for _ in range(1_000):
            with timeouts.timeout():
                await asyncio.sleep(0)
        return loop.timers

    assert run(main, loop) == 1


def test_a_timer_that_comes_early_is_not_set_again_and_again() -> None:
    loop = JumpingLoop()
    loop.early = 0.001

    async def main() -> str:
        with pytest.raises(TimeoutError), Timeouts(SECONDS).timeout():
            await asyncio.Event().wait()
        return f"{loop.timers} timer"

    assert run(main, loop) == "1 timer"


class Thing:
    """Something that can be seen to be gone."""


def test_nothing_is_kept_of_those_that_are_done() -> None:
    kept: WeakSet[Any] = WeakSet()
    variable: ContextVar[Thing] = ContextVar("variable")

    async def request(timeouts: Timeouts, *, is_slow: bool) -> None:
        thing = Thing()
        variable.set(thing)
        kept.add(thing)
        kept.add(task_of_this())
        await outcome_of(within(timeouts, 60 if is_slow else 0.001))

    async def main() -> int:
        timeouts = Timeouts(SECONDS)
        for batch in range(50):
            await asyncio.gather(*(request(timeouts, is_slow=batch == 2 * number) for number in range(100)))
        await asyncio.sleep(0)  # the loop itself keeps what it has called last
        gc.collect()
        return len(kept)  # while the timer is still set

    assert run(main) == 0


def test_one_that_is_thrown_away_half_done_is_not_kept_either() -> None:
    kept: WeakSet[Any] = WeakSet()

    async def main() -> int:
        timeouts = Timeouts(SECONDS)
        work = within(timeouts, 60)
        work.send(None)
        work.close()
        kept.add(timeouts)
        await asyncio.sleep(3 * SECONDS)
        return task_of_this().cancelling()

    assert run(main) == 0
    gc.collect()
    assert len(kept) == 0


def test_the_same_can_be_used_on_one_loop_after_another() -> None:
    timeouts = Timeouts(SECONDS)

    for _ in range(3):
        assert run(lambda: outcome_of(within(timeouts, 60))) == "TimeoutError"
        assert run(lambda: outcome_of(within(timeouts, 1))) == "done"


def test_the_same_can_be_used_on_several_loops_at_once() -> None:
    timeouts = Timeouts(0.05)
    outcomes: list[str] = []
    turns = threading.Barrier(3, timeout=60)

    async def main() -> None:
        for _ in range(5):
            turns.wait()  # so that each loop comes between two turns of another
            fast, slow = await asyncio.gather(outcome_of(within(timeouts, 0)), outcome_of(within(timeouts, 60)))
            outcomes.extend((fast, slow))

    threads = [threading.Thread(target=lambda: asyncio.run(main())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == [*["TimeoutError"] * 15, *["done"] * 15]


def test_it_keeps_its_time_on_the_loop_of_the_server() -> None:
    async def main() -> tuple[str, float]:
        began = now()
        return await outcome_of(within(Timeouts(0.05), 60)), now() - began

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        outcome, took = runner.run(main())

    assert outcome == "TimeoutError"
    assert took >= 0.049  # that loop counts in thousandths


def test_only_a_task_can_be_given_one() -> None:
    errors: list[Exception] = []

    def enter() -> None:
        try:
            with Timeouts(SECONDS).timeout():
                pass
        except RuntimeError as error:
            errors.append(error)

    async def main() -> None:
        asyncio.get_running_loop().call_soon(enter)
        await asyncio.sleep(1)

    run(main)

    assert len(errors) == 1


def task_of_this() -> "asyncio.Task[Any]":
    task = asyncio.current_task()
    assert task is not None
    return task
