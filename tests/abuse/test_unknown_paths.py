"""Requests that lead nowhere, as fast as they go."""

import pytest

from tests.abuse.conftest import Abuse
from tests.abuse.crowd import besiege


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/nothing", {}),
        ("BREW", "/posts", {}),
        ("GET", "/" + "x" * 1_100, {}),
        ("GET", "/posts", {"Host": "@@"}),
    ],
    ids=["no such path", "no such method", "too long a path", "no such host"],
)
def test_a_flood_of_what_is_not_there(abuse: Abuse, method: str, path: str, headers: dict[str, str]) -> None:
    before = len(abuse.worker.log().splitlines())

    with abuse.measured():
        answers = besiege(
            abuse.stranger(), lambda client: client.request(method, path, headers=headers), at_once=20, seconds=4
        )

    assert answers["429"] > answers.total() / 2, answers
    lines = len(abuse.worker.log().splitlines()) - before
    assert lines < answers.total() / 2, "each refusal has a line in the log"
