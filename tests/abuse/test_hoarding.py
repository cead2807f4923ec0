"""Somebody keeps as much as they can, as fast as they can."""

import pytest

from tests.abuse.conftest import Abuse
from tests.abuse.crowd import besiege

QUOTA = 4 * 1024 * 1024
"""Bytes; far less than by default, so that the test gets there."""

LARGE = 40_005
"""Bytes of a to-do with the longest description."""


@pytest.fixture
def settings() -> dict[str, str]:
    return {"QUOTA_BYTES": str(QUOTA)}


def test_a_flood_of_large_to_dos(abuse: Abuse) -> None:
    abuser = abuse.abuser()

    with abuse.measured():
        answers = besiege(
            abuser,
            lambda client: client.post("/todos", json={"description": "😀" * 10_000, "title": "large"}),
            at_once=20,
            seconds=6,
        )

    assert set(answers) <= {"201", "403", "429"}, answers
    assert 0 < answers["201"] * LARGE <= QUOTA
