"""Thousands of tags, and everybody asks for all of them."""

from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.abuse.conftest import Abuse
from tests.abuse.crowd import besiege
from tests.abuse.people import Person

TODOS = 500
TAGS = 20


def tag(person: Person) -> None:
    """Keep many to-dos, each with tags of its own."""
    with person.client() as client, ThreadPoolExecutor(4) as threads:

        def create(number: int) -> httpx.Response:
            tags = [f"{number:05}-{place:02}".ljust(50, "ß") for place in range(TAGS)]
            return client.post("/todos", json={"title": "tagged", "tags": tags})

        for answer in threads.map(create, range(TODOS)):
            answer.raise_for_status()


def test_forty_at_once_ask_for_ten_thousand_tags(abuse: Abuse) -> None:
    abuser = abuse.abuser()
    tag(abuser)

    with abuse.measured():
        answers = besiege(abuser, lambda client: client.get("/tags"), at_once=40, seconds=4)

    assert set(answers) <= {"200", "429", "503"}, answers
    assert answers["200"] > 0
