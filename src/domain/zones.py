"""Time zones by their IANA names (RFC 6557)."""

from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from msgspec import Meta

from domain.errors import Invalid

ZoneName = Annotated[str, Meta(max_length=64, description="An IANA time zone name.", examples=["Europe/Berlin"])]


@cache
def zone_names() -> frozenset[str]:
    """Return every known name; the first call reads the time zone database, so services ask once while starting."""
    return frozenset(available_timezones() - {"Factory", "localtime"})  # which are another zone on each machine


def checked_zone(name: str, *, pointer: str) -> str:
    """Return ``name`` if it names a time zone exactly.

    The list is asked rather than ``ZoneInfo``, which would open a file by a name that a client chose.

    :raises Invalid: if there is no such zone.
    """
    if name not in zone_names():
        raise Invalid("Must be the IANA name of a time zone, such as Europe/Berlin.", pointer=pointer)
    return name


def zone(name: str) -> ZoneInfo:
    """Return the rules of the zone called ``name``."""
    return ZoneInfo(name)
