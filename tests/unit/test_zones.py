"""Time zones by their names."""

import pytest

from domain.errors import Invalid
from domain.zones import checked_zone, zone, zone_names


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])
def test_an_iana_name_is_taken_as_it_is(name: str) -> None:
    assert checked_zone(name, pointer="/time_zone") == name


@pytest.mark.parametrize(
    "name",
    ["", "Mars/Olympus", "europe/berlin", " UTC", "UTC\n", "+01:00", "Europe", "../../etc/passwd", "/etc/localtime"],
)
def test_anything_else_is_pointed_to(name: str) -> None:
    with pytest.raises(Invalid) as error:
        checked_zone(name, pointer="/time_zone")

    assert error.value.pointer == "/time_zone"


def test_every_known_name_has_rules() -> None:
    assert all(zone(name).key == name for name in zone_names())
