"""Time comes in from outside."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta

from domain.errors import Invalid

Instant = Annotated[datetime, Meta(tz=True)]
"""A moment with an offset; a description of an interface can say so, which ``datetime`` alone does not."""

Clock = Callable[[], datetime]
"""Returns the current instant as an aware datetime in UTC."""


def in_utc(moment: datetime, *, pointer: str | None = None, parameter: str | None = None) -> datetime:
    """Return an aware datetime in UTC.

    :raises Invalid: if it has no offset, or lies outside the years 1 to 9999 there.
    """
    if moment.tzinfo is None:
        raise Invalid("Must have an offset, such as Z or +02:00.", pointer=pointer, parameter=parameter)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise Invalid("Lies outside the calendar.", pointer=pointer, parameter=parameter) from None
