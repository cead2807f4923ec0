"""When a to-do is due: what the owner said, and the instant it means.

Two decisions about daylight saving time. A local time that does not exist, because the clocks went forward, moves
forward by the length of the gap. A local time that exists twice, because the clocks went back, means the first.
Both are what ``fold=0`` means in PEP 495. A day, on the other hand, is over when its last hour is over for the second
time, which is ``fold=1``.
"""

from datetime import UTC, date, datetime, time
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from domain.errors import Invalid
from domain.faults import Faults
from domain.zones import ZoneName, checked_zone, zone

LocalDate = Annotated[date, Meta(description="A day of the Gregorian calendar.", examples=["2026-12-24"])]
LocalTime = Annotated[
    str,
    Meta(
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$",
        description="A local time of day, HH:MM or HH:MM:SS.",
        examples=["09:00"],
    ),
]
_LAST_OF_DAY = time.max.replace(fold=1)

_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
"""Between which all instants are that can be written."""

_Time = time  # from Python 3.14 on, annotations are read when the class is complete and has a field of that name


class Due(Struct, frozen=True, kw_only=True):
    """A local date, perhaps with a time of day, in a time zone that is always known."""

    date: LocalDate
    time: _Time | None
    zone: ZoneName

    def instant(self) -> datetime:
        """Return when this is, in UTC: a date alone is due in the last microsecond of that day."""
        return instant_of(self.date, _LAST_OF_DAY if self.time is None else self.time, zone_name=self.zone)


def instant_of(day: date, time_of_day: time, *, zone_name: str) -> datetime:
    """Return when a local time is, in UTC.

    In the first hours of the year 1 and the last of 9999 that lies outside the calendar in some zones; it is the first
    or the last instant then. So a date that stands for ever, such as 9999-12-31, is as good in one zone as in another.
    """
    try:
        return datetime.combine(day, time_of_day, zone(zone_name)).astimezone(UTC)
    except OverflowError:
        return _FIRST if day < _LAST.date() else _LAST


class NewDue(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client says a new to-do is due; without a zone, the owner's is meant."""

    date: LocalDate
    time: LocalTime | None = None
    zone: ZoneName | None = None

    def checked(self, *, zone_of_owner: str) -> Due:
        """Return the due date with every rule applied.

        :raises Invalid: if values break a rule.
        """
        with Faults() as faults:
            time_of_day = faults.of(checked_time, self.time)
            zone_name = faults.of(_zone_meant, self.zone, zone_of_owner)
        return Due(date=self.date, time=time_of_day, zone=zone_name)


class DuePatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A merge patch (RFC 7396) of a due date: absent is unchanged, null is cleared."""

    date: LocalDate | UnsetType = UNSET
    time: LocalTime | None | UnsetType = UNSET
    zone: ZoneName | None | UnsetType = UNSET

    def merged_into(self, due: Due | None, *, zone_of_owner: str) -> Due:
        """Return ``due`` with this patch applied.

        :raises Invalid: if values break a rule, or there is no date.
        """
        time_of_day, zone_name = (due.time, due.zone) if due else (None, zone_of_owner)
        with Faults() as faults:
            day = faults.of(_day_meant, self.date, due)
            if self.time is not UNSET:
                time_of_day = faults.of(checked_time, self.time)
            if self.zone is not UNSET:
                zone_name = faults.of(_zone_meant, self.zone, zone_of_owner)
        return Due(date=day, time=time_of_day, zone=zone_name)


def checked_time(text: str | None) -> time | None:
    """Return the time of day that ``text`` names; ``None`` stays ``None``."""
    try:
        return None if text is None else time.fromisoformat(text)
    except ValueError:  # the pattern lets a trailing line feed through: "$" matches before one
        raise Invalid("Must be a time of day, HH:MM or HH:MM:SS.", pointer="/due/time") from None


def _day_meant(day: date | UnsetType, due: Due | None) -> date:
    if day is not UNSET:
        return day
    if due is None:
        raise Invalid("Is needed for a to-do that is not due yet.", pointer="/due/date")
    return due.date


def _zone_meant(name: str | None, zone_of_owner: str) -> str:
    return zone_of_owner if name is None else checked_zone(name, pointer="/due/zone")
