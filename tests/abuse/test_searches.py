"""Searches in texts that are made to be searched slowly: what is looked for differs from them in one character."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.abuse.conftest import Abuse
from tests.abuse.crowd import besiege
from tests.abuse.people import Person

TODOS = 300
HOSTILE = [
    ("ß" * 10_000, "ß" * 99 + "x"),
    ("s" * 10_000, "x" + "s" * 199),
]


def keep(person: Person, description: str) -> None:
    """Keep many to-dos with the same description."""
    with person.client() as client, ThreadPoolExecutor(4) as threads:

        def create(number: int) -> httpx.Response:
            return client.post("/todos", json={"title": f"number {number}", "description": description})

        for answer in threads.map(create, range(TODOS)):
            answer.raise_for_status()


@pytest.mark.parametrize(("text", "needle"), HOSTILE, ids=["at their end", "at their beginning"])
def test_ten_searches_at_once(abuse: Abuse, text: str, needle: str) -> None:
    abuser = abuse.abuser()
    keep(abuser, text)

    with abuse.measured():
        answers = besiege(
            abuser,
            lambda client: client.get("/todos", params={"q": needle, "include": "count"}),
            at_once=10,
            seconds=4,
        )

    assert set(answers) <= {"200", "429", "503"}, answers
