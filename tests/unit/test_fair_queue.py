"""Everybody has their turn, however many somebody else has sent."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from domain.concurrency.fair_queue import ConcurrencyLimits, FairQueue

Queue = FairQueue[str]


def a_queue(*, capacity: int | None = None, per_key: int = 1, max_waiting: int = 1_000) -> Queue:
    return FairQueue(ConcurrencyLimits(capacity=capacity, per_key=per_key, max_waiting=max_waiting))


def waiters(queue: Queue, key: str, number: int, *, is_preferred: bool = False) -> list[str]:
    """Let so many of a key wait, and return their names."""
    names = [f"{key}{place}" for place in range(number)]
    for name in names:
        assert not queue.admit(key)
        assert queue.wait(key, name, is_preferred=is_preferred)
    return names


def served(queue: Queue, key: str) -> list[str]:
    """Let everybody be served, one after the other, from the one of ``key`` that is at work; return their order."""
    order: list[str] = []
    while (waiter := queue.leave(key)) is not None:
        order.append(waiter)
        key = waiter[0]
    return order


def test_whoever_comes_to_an_empty_service_is_let_in() -> None:
    assert a_queue().admit("a")


def test_no_more_of_one_key_are_at_work_than_may_be() -> None:
    queue = a_queue(per_key=2)
    assert [queue.admit("a") for _ in range(3)] == [True, True, False]
    assert queue.admit("b")


def test_no_more_are_at_work_in_all_than_there_is_capacity_for() -> None:
    queue = a_queue(capacity=2, per_key=2)
    assert [queue.admit(key) for key in "abc"] == [True, True, False]


def test_those_of_one_key_are_served_in_the_order_in_which_they_came() -> None:
    queue = a_queue()
    assert queue.admit("a")
    names = waiters(queue, "a", 3)
    assert served(queue, "a") == names


def test_nobodys_turn_depends_on_how_many_somebody_else_has_sent() -> None:
    queue = a_queue(capacity=1)
    assert queue.admit("a")
    flood = waiters(queue, "a", 500)
    (late,) = waiters(queue, "b", 1)
    order = served(queue, "a")
    assert order.index(late) <= 1
    assert [name for name in order if name != late] == flood


def test_keys_take_turns() -> None:
    queue = a_queue(capacity=1)
    assert queue.admit("a")
    waiters(queue, "b", 3)
    waiters(queue, "c", 3)
    assert [name[0] for name in served(queue, "a")] == ["b", "c", "b", "c", "b", "c"]


def test_a_place_goes_to_another_key_where_the_first_has_as_much_at_work_as_it_may() -> None:
    queue = a_queue(capacity=2)
    assert queue.admit("a")
    assert queue.admit("b")
    waiters(queue, "a", 1)
    (other,) = waiters(queue, "c", 1)
    assert queue.leave("b") == other


def test_too_many_who_wait_under_one_key_are_refused_and_those_of_another_are_not() -> None:
    queue = a_queue(capacity=1, max_waiting=2)
    assert queue.admit("a")
    waiters(queue, "a", 2)
    assert not queue.wait("a", "one too many")
    assert queue.wait("b", "b0")


def test_who_comes_later_does_not_overtake_who_waits_under_the_same_key() -> None:
    queue = a_queue(per_key=2)
    assert queue.admit("a")
    assert queue.admit("a")
    waiters(queue, "a", 2)
    assert queue.leave("a") == "a0"
    assert not queue.admit("a")


def test_the_preferred_come_first() -> None:
    queue = a_queue(capacity=1)
    assert queue.admit("a")
    waiters(queue, "b", 2)
    waiters(queue, "c", 2, is_preferred=True)
    assert served(queue, "a") == ["c0", "c1", "b0", "b1"]


def test_a_crowd_of_the_preferred_does_not_keep_the_others_waiting_for_ever() -> None:
    queue = a_queue(capacity=1)
    assert queue.admit("a")
    waiters(queue, "b", 2)
    waiters(queue, "c", 9, is_preferred=True)
    assert [name[0] for name in served(queue, "a")] == [*"cccbcccbccc"]


def test_who_has_gone_is_passed_over() -> None:
    queue = a_queue()
    assert queue.admit("a")
    waiters(queue, "a", 2)
    assert queue.abandon("a", "a0")
    assert served(queue, "a") == ["a1"]


def test_who_was_let_in_meanwhile_does_not_wait_any_more() -> None:
    queue = a_queue()
    assert queue.admit("a")
    waiters(queue, "a", 1)
    assert queue.leave("a") == "a0"
    assert not queue.abandon("a", "a0")


def test_it_is_known_who_stands_in_their_own_way() -> None:
    queue = a_queue(capacity=2, per_key=2)
    assert queue.admit("a")
    assert queue.admit("a")
    waiters(queue, "b", 1)
    assert queue.is_at_its_limit("a")
    assert not queue.is_at_its_limit("b")


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["come", "leave", "abandon"]), st.sampled_from("abcd"), st.booleans()),
        max_size=80,
    )
)
def test_places_are_never_lost_nor_given_twice(steps: list[tuple[str, str, bool]]) -> None:
    queue = a_queue(capacity=3, per_key=2, max_waiting=4)
    running: Counter[str] = Counter()
    waiting: list[str] = []
    for number, (step, key, is_preferred) in enumerate(steps):
        name = f"{key}{number}"
        if step == "come":
            if queue.admit(key):
                running[key] += 1
            elif queue.wait(key, name, is_preferred=is_preferred):
                waiting.append(name)
        elif step == "leave" and running[key]:
            running[key] -= 1
            if (waiter := queue.leave(key)) is not None:
                waiting.remove(waiter)
                running[waiter[0]] += 1
        elif step == "abandon" and (own := [waiter for waiter in waiting if waiter[0] == key]):
            assert queue.abandon(key, own[0])
            waiting.remove(own[0])
        assert (queue.running, queue.waiting) == (running.total(), len(waiting))
        assert running.total() <= 3
        assert all(number <= 2 for number in running.values())
        assert all(Counter(waiter[0] for waiter in waiting)[key] <= 4 for key in "abcd")
        # Nobody waits for a place that is free.
        is_full = running.total() == 3
        assert is_full or all(running[waiter[0]] == 2 for waiter in waiting)
    assert len(queue) == sum(1 for key in "abcd" if running[key] or any(waiter[0] == key for waiter in waiting))
