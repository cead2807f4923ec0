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

_Time = time  # from Python 3.14 on, annotations are read when the class is complete and has a field of that name


class Due(Struct, frozen=True, kw_only=True):
    """A local date, perhaps with a time of day, in a time zone that is always known."""

    date: LocalDate
    time: _Time | None
    zone: ZoneName

    def instant(self) -> datetime:
        """Return when this is, in UTC: a date alone is due in the last microsecond of that day.

        :raises Invalid: if the instant lies outside the years 1 to 9999.
        """
        try:
            time_of_day = _LAST_OF_DAY if self.time is None else self.time
            return datetime.combine(self.date, time_of_day, zone(self.zone)).astimezone(UTC)
        except OverflowError:
            raise Invalid("Lies outside the calendar.", pointer="/due/date") from None


class NewDue(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client says a new to-do is due; without a zone, the owner's is meant."""

    date: LocalDate
    time: LocalTime | None = None
    zone: ZoneName | None = None

    def checked(self, *, zone_of_owner: str) -> Due:
        """Return the due date with every rule applied."""
        return Due(
            date=self.date,
            time=checked_time(self.time),
            zone=zone_of_owner if self.zone is None else checked_zone(self.zone, pointer="/due/zone"),
        )


class DuePatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A merge patch (RFC 7396) of a due date: absent is unchanged, null is cleared."""

    date: LocalDate | UnsetType = UNSET
    time: LocalTime | None | UnsetType = UNSET
    zone: ZoneName | None | UnsetType = UNSET

    def merged_into(self, due: Due | None, *, zone_of_owner: str) -> Due:
        """Return ``due`` with this patch applied."""
        day = self.date if self.date is not UNSET else due and due.date
        if day is None:
            raise Invalid("Is needed for a to-do that is not due yet.", pointer="/due/date")
        time_of_day = (due and due.time) if self.time is UNSET else checked_time(self.time)
        if self.zone is UNSET:
            zone_name = due.zone if due else zone_of_owner
        else:
            zone_name = zone_of_owner if self.zone is None else checked_zone(self.zone, pointer="/due/zone")
        return Due(date=day, time=time_of_day, zone=zone_name)


def checked_time(text: str | None) -> time | None:
    """Return the time of day that ``text`` names; ``None`` stays ``None``."""
    try:
        return None if text is None else time.fromisoformat(text)
    except ValueError:  # the pattern lets a trailing line feed through: "$" matches before one
        raise Invalid("Must be a time of day, HH:MM or HH:MM:SS.", pointer="/due/time") from None
