"""Several values that break rules are told together."""

import pytest

from domain.errors import MAX_FAULTS, Forbidden, GuessablePassword, Invalid
from domain.faults import Faults


def even(number: int, *, pointer: str = "/number") -> int:
    if number % 2:
        raise Invalid("Must be even.", pointer=pointer)
    return number


def all_even(*numbers: int, pointer: str = "") -> list[int]:
    with Faults() as faults:
        return [faults.of(even, number, pointer=f"{pointer}/{index}") for index, number in enumerate(numbers)]


def test_values_that_fit_come_out_as_they_are_checked() -> None:
    assert all_even(2, 4) == [2, 4]


def test_one_fault_is_the_error_itself() -> None:
    error = GuessablePassword("Choose another one.", pointer="/password")

    def refuse() -> None:
        raise error

    def check() -> None:
        with Faults() as faults:
            faults.of(even, 2)
            faults.of(refuse)

    with pytest.raises(GuessablePassword) as raised:
        check()

    assert raised.value is error
    assert raised.value.faults == (error,)


def test_several_faults_are_one_error_with_each_of_them() -> None:
    with pytest.raises(Invalid, match="3 values do not fit") as raised:
        all_even(1, 2, 3, 4, 5)

    assert [fault.pointer for fault in raised.value.faults] == ["/0", "/2", "/4"]


def test_faults_within_faults_are_told_side_by_side() -> None:
    def check() -> None:
        with Faults() as faults:
            faults.of(all_even, 1, 3, pointer="/a")
            faults.of(even, 5, pointer="/b")

    with pytest.raises(Invalid, match="3 values do not fit") as raised:
        check()

    assert [fault.pointer for fault in raised.value.faults] == ["/a/0", "/a/1", "/b"]


def test_no_more_are_told_than_anybody_reads() -> None:
    with pytest.raises(Invalid) as raised:
        all_even(*[1] * 10 * MAX_FAULTS)

    assert len(raised.value.faults) == MAX_FAULTS


def test_what_is_no_matter_of_values_is_raised_at_once() -> None:
    def forbid() -> None:
        raise Forbidden("Not this one.")

    def check() -> None:
        with Faults() as faults:
            faults.of(even, 1)
            faults.of(forbid)

    with pytest.raises(Forbidden):
        check()
