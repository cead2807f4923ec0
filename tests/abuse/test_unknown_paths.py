"""Requests for what is not there, as fast as they go."""

import pytest

from tests.abuse.conftest import Abuse
from tests.abuse.crowd import besiege


@pytest.mark.parametrize(("method", "path"), [("GET", "/nothing"), ("BREW", "/posts")])
def test_a_flood_of_what_is_not_there(abuse: Abuse, method: str, path: str) -> None:
    before = len(abuse.worker.log().splitlines())

    with abuse.measured():
        answers = besiege(abuse.stranger(), lambda client: client.request(method, path), at_once=20, seconds=4)

    assert answers["429"] > answers["404"] + answers["405"]
    lines = len(abuse.worker.log().splitlines()) - before
    assert lines < answers.total() / 2, "each refusal has a line in the log"
