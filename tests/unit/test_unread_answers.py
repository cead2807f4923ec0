"""Who may have how many bytes of answers under way, and whose answers are cut off when there are too many."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import TooManyUnreadAnswers
from entrypoints.http.unread_answers import Answer, UnreadAnswers

OF_ONE, OF_NETWORK, OF_ALL = 10, 30, 60


class Wire:
    """Answers on their way, which end when they are cut off."""

    def __init__(self) -> None:
        self.unread = UnreadAnswers(of_one=OF_ONE, of_network=OF_NETWORK, of_all=OF_ALL)
        self.cut_off: list[str] = []

    def answer(self, name: str, *, owner: int = 1, network: str = "a", size: int = 5, taken_at: float = 0) -> Answer:
        made = Answer(
            owner=owner, network=network, size=size, cut_off=lambda: self.cut_off.append(name), taken_at=taken_at
        )
        self.unread.add(made)
        return made


@pytest.fixture
def wire() -> Wire:
    return Wire()


def test_whoever_has_read_may_ask_again(wire: Wire) -> None:
    first, second = wire.answer("first"), wire.answer("second")
    with pytest.raises(TooManyUnreadAnswers):
        wire.unread.check(1)

    wire.unread.remove(first)
    wire.unread.check(1)
    wire.unread.remove(second)

    assert wire.unread.total == 0


def test_what_one_does_not_read_refuses_nobody_else(wire: Wire) -> None:
    for _ in range(6):
        wire.answer("greedy", owner=1)

    wire.unread.check(2)


def test_an_answer_ends_once(wire: Wire) -> None:
    answer = wire.answer("one")
    wire.unread.remove(answer)
    wire.unread.remove(answer)

    assert wire.unread.total == 0


def test_of_too_many_from_one_network_the_one_that_stalls_for_longest_goes(wire: Wire) -> None:
    read = wire.answer("read", owner=1, size=10)
    wire.answer("stalled", owner=2, size=10, taken_at=1)
    wire.answer("slow", owner=3, size=10, taken_at=2)
    read.taken_at = 3

    wire.answer("new", owner=4, taken_at=4)

    assert wire.cut_off == ["stalled"]
    assert wire.unread.total == 25


def test_when_memory_runs_short_the_network_with_the_most_loses(wire: Wire) -> None:
    wire.answer("neighbour", owner=1, network="neighbour", size=10, taken_at=0)
    for number in range(5):
        wire.answer("greedy", owner=2, network=("greedy", "other")[number % 2], size=10, taken_at=1)

    wire.answer("new", owner=3, network="newcomer", size=10, taken_at=2)

    assert wire.cut_off == ["greedy"]


@given(st.lists(st.tuples(st.integers(1, 40), st.sampled_from("abcde"), st.integers(1, 8), st.booleans())))
def test_the_bounds_hold_whatever_is_asked_for(asked: list[tuple[int, str, int, bool]]) -> None:
    unread = UnreadAnswers(of_one=OF_ONE, of_network=OF_NETWORK, of_all=OF_ALL)
    alive: dict[Answer, None] = {}
    for moment, (size, network, owner, is_read) in enumerate(asked):
        answer = Answer(owner=owner, network=network, size=size, cut_off=lambda: None, taken_at=moment)
        answer.cut_off = lambda gone=answer: alive.pop(gone)
        alive[answer] = None
        unread.add(answer)
        assert unread.total == sum(other.size for other in alive) <= OF_ALL
        assert all(sum(o.size for o in alive if o.network == n) <= OF_NETWORK for n in "abcde")
        if is_read and answer in alive:
            unread.remove(answer)
            del alive[answer]
    for answer in alive:
        unread.remove(answer)
    assert unread.total == 0
    for owner in range(9):
        unread.check(owner)
