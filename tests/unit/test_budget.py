"""Nobody takes all there is."""

import pytest

from domain.concurrency.budget import Budget, Share
from domain.errors import Overloaded, TooManyConcurrent

ADA: list[Share] = [("ada", 6)]
GRACE: list[Share] = [("grace", 6)]
AT_HOME: list[Share] = [("ada", 6), ("192.0.2.1", 8)]


@pytest.fixture
def budget() -> Budget:
    return Budget(10, name="bytes")


def test_a_key_has_its_share_and_no_more(budget: Budget) -> None:
    budget.take(6, ADA)
    with pytest.raises(TooManyConcurrent):
        budget.take(1, ADA)
    assert budget.used == 6


def test_all_together_have_no_more_than_there_is(budget: Budget) -> None:
    budget.take(6, ADA)
    budget.take(4, GRACE)
    with pytest.raises(Overloaded):
        budget.take(1, GRACE)


def test_what_is_given_back_can_be_taken_again(budget: Budget) -> None:
    budget.take(6, ADA)
    budget.release(6, ADA)
    budget.take(6, ADA)
    assert budget.used == 6


def test_of_two_keys_both_have_to_have_room(budget: Budget) -> None:
    budget.take(3, [("192.0.2.1", 8)])
    with pytest.raises(TooManyConcurrent):
        budget.take(6, AT_HOME)


def test_a_refusal_takes_nothing(budget: Budget) -> None:
    with pytest.raises(TooManyConcurrent):
        budget.take(9, AT_HOME)
    assert (budget.used, len(budget)) == (0, 0)


def test_who_has_nothing_is_forgotten(budget: Budget) -> None:
    budget.take(2, AT_HOME)
    budget.take(2, AT_HOME)
    budget.release(4, AT_HOME)
    assert len(budget) == 0
