"""How the parts of a due date are given, and changed one by one."""

from datetime import date, time

import pytest

from domain.errors import Invalid
from domain.todos.due import Due, DuePatch, NewDue, checked_time

DAY = date(2026, 12, 24)
DUE = Due(date=DAY, time=time(18, 0), zone="Asia/Tokyo")


def test_a_new_due_date_takes_the_zone_of_the_owner() -> None:
    due = NewDue(date=DAY, time="18:00").checked(zone_of_owner="Europe/Berlin")

    assert due == Due(date=DAY, time=time(18, 0), zone="Europe/Berlin")


def test_a_zone_of_its_own_comes_before_the_owners() -> None:
    due = NewDue(date=DAY, zone="Asia/Tokyo").checked(zone_of_owner="Europe/Berlin")

    assert due == Due(date=DAY, time=None, zone="Asia/Tokyo")


def test_an_unknown_zone_is_pointed_to() -> None:
    with pytest.raises(Invalid) as error:
        NewDue(date=DAY, zone="Mars/Olympus").checked(zone_of_owner="UTC")

    assert error.value.pointer == "/due/zone"


@pytest.mark.parametrize(
    ("text", "expected"), [(None, None), ("00:00", time(0)), ("23:59:59", time(23, 59, 59)), ("09:05", time(9, 5))]
)
def test_a_time_of_day_is_read(text: str | None, expected: time | None) -> None:
    assert checked_time(text) == expected


@pytest.mark.parametrize("text", ["09:00\n", "24:00", "9", "noon", ""])
def test_what_is_no_time_of_day_is_pointed_to(text: str) -> None:
    with pytest.raises(Invalid) as error:
        checked_time(text)

    assert error.value.pointer == "/due/time"


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        (DuePatch(), DUE),
        (DuePatch(date=date(2027, 1, 1)), Due(date=date(2027, 1, 1), time=time(18, 0), zone="Asia/Tokyo")),
        (DuePatch(time="07:30"), Due(date=DAY, time=time(7, 30), zone="Asia/Tokyo")),
        (DuePatch(time=None), Due(date=DAY, time=None, zone="Asia/Tokyo")),
        (DuePatch(zone="UTC"), Due(date=DAY, time=time(18, 0), zone="UTC")),
        (DuePatch(zone=None), Due(date=DAY, time=time(18, 0), zone="Europe/Berlin")),
    ],
)
def test_a_patch_changes_the_parts_that_it_names(patch: DuePatch, expected: Due) -> None:
    assert patch.merged_into(DUE, zone_of_owner="Europe/Berlin") == expected


def test_a_patch_can_make_a_to_do_due() -> None:
    due = DuePatch(date=DAY).merged_into(None, zone_of_owner="Europe/Berlin")

    assert due == Due(date=DAY, time=None, zone="Europe/Berlin")


@pytest.mark.parametrize("patch", [DuePatch(), DuePatch(time="18:00"), DuePatch(zone="UTC")])
def test_what_is_not_due_needs_a_date_before_anything_else(patch: DuePatch) -> None:
    with pytest.raises(Invalid) as error:
        patch.merged_into(None, zone_of_owner="UTC")

    assert error.value.pointer == "/due/date"


def test_a_patch_cannot_name_an_unknown_zone() -> None:
    with pytest.raises(Invalid) as error:
        DuePatch(zone="europe/berlin").merged_into(DUE, zone_of_owner="UTC")

    assert error.value.pointer == "/due/zone"
