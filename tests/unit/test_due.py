"""What an owner's words about a due date mean as an instant."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.todos.due import Due, checked_time
from domain.zones import zone, zone_names

ZONES = (
    "UTC",
    "Africa/Casablanca",
    "America/Havana",
    "America/New_York",
    "America/St_Johns",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Apia",
    "Pacific/Kiritimati",
)
zones = st.sampled_from(ZONES)
days = st.dates(date(1970, 1, 2), date(2100, 12, 31))
times = st.times().map(lambda value: value.replace(second=0, microsecond=0))
local_times = st.datetimes(datetime(1970, 1, 2), datetime(2100, 12, 31))  # noqa: DTZ001 - local on purpose


def due(text: str, zone_name: str) -> Due:
    """Return the due date that ``2026-03-29`` or ``2026-03-29T02:30`` is in a zone."""
    day, _, time_of_day = text.partition("T")
    return Due(date=date.fromisoformat(day), time=checked_time(time_of_day or None), zone=zone_name)


def shown(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + (".999999" if moment.microsecond else "")


def is_unambiguous(local: datetime, zone_name: str) -> bool:
    first = local.replace(tzinfo=zone(zone_name))
    return first.utcoffset() == first.replace(fold=1).utcoffset()


@pytest.mark.parametrize(
    ("text", "zone_name", "instant"),
    [
        ("2026-12-24T18:00", "Europe/Berlin", "2026-12-24T17:00:00"),
        ("2026-07-01T18:00", "Europe/Berlin", "2026-07-01T16:00:00"),
        ("2026-07-01T18:00:30", "Asia/Kathmandu", "2026-07-01T12:15:30"),
        ("2026-07-01T00:00", "Pacific/Kiritimati", "2026-06-30T10:00:00"),
    ],
)
def test_a_local_time_means_an_instant_in_utc(text: str, zone_name: str, instant: str) -> None:
    meant = due(text, zone_name).instant()

    assert shown(meant) == instant
    assert meant.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "zone_name", "instant"),
    [
        ("2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:30:00"),
        ("2026-03-08T02:30", "America/New_York", "2026-03-08T07:30:00"),
        ("2026-10-04T02:15", "Australia/Lord_Howe", "2026-10-03T15:45:00"),
        ("2026-03-29T00:00", "Asia/Beirut", "2026-03-28T22:00:00"),
        ("2026-03-29T00:30", "Asia/Beirut", "2026-03-28T22:30:00"),
        ("2026-03-08T00:15", "America/Havana", "2026-03-08T05:15:00"),
        ("2011-12-30T12:00", "Pacific/Apia", "2011-12-30T22:00:00"),
    ],
)
def test_a_local_time_in_the_gap_moves_forward(text: str, zone_name: str, instant: str) -> None:
    meant = due(text, zone_name).instant()

    assert shown(meant) == instant


def test_a_gap_of_half_an_hour_moves_a_time_by_half_an_hour() -> None:
    meant = due("2026-10-04T02:15", "Australia/Lord_Howe").instant()

    assert meant.astimezone(zone("Australia/Lord_Howe")).time() == time(2, 45)


def test_a_time_on_a_skipped_day_is_the_same_time_on_the_next() -> None:
    skipped = due("2011-12-30T12:00", "Pacific/Apia").instant()

    assert skipped == due("2011-12-31T12:00", "Pacific/Apia").instant()


@pytest.mark.parametrize(
    ("text", "zone_name", "instant"),
    [
        ("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30:00"),
        ("2026-11-01T01:30", "America/New_York", "2026-11-01T05:30:00"),
        ("2026-04-05T01:45", "Australia/Lord_Howe", "2026-04-04T14:45:00"),
        ("2026-10-24T23:30", "Asia/Beirut", "2026-10-24T20:30:00"),
        ("2026-11-01T00:30", "America/Havana", "2026-11-01T04:30:00"),
    ],
)
def test_a_local_time_that_exists_twice_means_the_first(text: str, zone_name: str, instant: str) -> None:
    meant = due(text, zone_name).instant()

    assert shown(meant) == instant


@pytest.mark.parametrize(
    ("day", "zone_name", "instant"),
    [
        ("2026-12-24", "UTC", "2026-12-24T23:59:59.999999"),
        ("2026-12-24", "Europe/Berlin", "2026-12-24T22:59:59.999999"),
        ("2026-03-29", "Europe/Berlin", "2026-03-29T21:59:59.999999"),
        ("2026-10-25", "Europe/Berlin", "2026-10-25T22:59:59.999999"),
        # The clocks go forward at midnight: the day before ends at 24:00 as ever.
        ("2026-03-28", "Asia/Beirut", "2026-03-28T21:59:59.999999"),
        ("2026-03-07", "America/Havana", "2026-03-08T04:59:59.999999"),
        # The clocks go back from midnight to 23:00: the day is over when it is over for the second time.
        ("2026-10-24", "Asia/Beirut", "2026-10-24T21:59:59.999999"),
        # The clocks go back from 01:00 to midnight: the day before ended an hour ago.
        ("2026-10-31", "America/Havana", "2026-11-01T03:59:59.999999"),
        ("2026-11-01", "America/Havana", "2026-11-02T04:59:59.999999"),
        # The clocks went back at one past midnight, into the day before.
        ("2006-10-28", "America/St_Johns", "2006-10-29T03:29:59.999999"),
        # The day was skipped: it ended when the one before it did.
        ("2011-12-29", "Pacific/Apia", "2011-12-30T09:59:59.999999"),
        ("2011-12-30", "Pacific/Apia", "2011-12-30T09:59:59.999999"),
        ("2011-12-31", "Pacific/Apia", "2011-12-31T09:59:59.999999"),
    ],
)
def test_a_date_alone_is_due_in_the_last_microsecond_of_the_day(day: str, zone_name: str, instant: str) -> None:
    meant = due(day, zone_name).instant()

    assert shown(meant) == instant


def test_the_last_day_of_the_calendar_ends_where_it_does_not_leave_it() -> None:
    meant = due("9999-12-31", "Pacific/Kiritimati").instant()

    assert shown(meant) == "9999-12-31T09:59:59.999999"
    assert due("9999-12-31", "UTC").instant() == datetime.max.replace(tzinfo=UTC)


def test_the_ends_of_the_calendar_are_good_in_every_zone() -> None:
    for zone_name in zone_names():
        days = ["0001-01-01T00:00", "0001-01-02", "9999-12-30", "9999-12-31"]
        instants = [due(day, zone_name).instant() for day in days]

        assert instants == sorted(set(instants)), zone_name


@pytest.mark.parametrize(
    ("text", "zone_name", "instant"),
    [
        ("0001-01-01T00:00", "Europe/Berlin", datetime.min.replace(tzinfo=UTC)),
        ("0001-01-01T08:00", "Asia/Tokyo", datetime.min.replace(tzinfo=UTC)),
        ("9999-12-31T23:00", "America/New_York", datetime.max.replace(tzinfo=UTC)),
        ("9999-12-31", "America/New_York", datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_an_instant_outside_the_calendar_is_its_end(text: str, zone_name: str, instant: datetime) -> None:
    assert due(text, zone_name).instant() == instant


@given(zones, local_times)
def test_a_local_time_that_exists_once_survives_the_way_to_utc_and_back(zone_name: str, local: datetime) -> None:
    assume(is_unambiguous(local, zone_name))

    meant = Due(date=local.date(), time=local.time(), zone=zone_name).instant()

    assert meant.astimezone(zone(zone_name)).replace(tzinfo=None) == local


@given(zones, local_times, st.timedeltas(timedelta(0), timedelta(hours=3)))
def test_of_two_local_times_outside_folds_the_later_is_no_earlier_instant(
    zone_name: str, local: datetime, later: timedelta
) -> None:
    assume(is_unambiguous(local, zone_name) and is_unambiguous(local + later, zone_name))

    first, second = (
        Due(date=moment.date(), time=moment.time(), zone=zone_name).instant() for moment in (local, local + later)
    )

    assert first <= second


@given(zones, days, times)
def test_no_time_of_a_day_is_due_after_the_day_itself(zone_name: str, day: date, time_of_day: time) -> None:
    assume(is_unambiguous(datetime.combine(day, time_of_day), zone_name))

    in_the_day, at_its_end = (Due(date=day, time=at, zone=zone_name).instant() for at in (time_of_day, None))

    assert in_the_day <= at_its_end


@given(zones, days)
def test_the_microsecond_after_the_end_of_a_day_belongs_to_a_later_one(zone_name: str, day: date) -> None:
    end = Due(date=day, time=None, zone=zone_name).instant()

    assert end.astimezone(zone(zone_name)).date() <= day
    assert (end + timedelta(microseconds=1)).astimezone(zone(zone_name)).date() > day


@given(zones, days)
def test_days_end_in_their_order(zone_name: str, day: date) -> None:
    ends = [Due(date=one, time=None, zone=zone_name).instant() for one in (day, day + timedelta(days=1))]

    assert ends == sorted(ends)
