"""Lists of to-dos over HTTP: what is in them, in which order, page by page."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from tests.api import Json, assert_problem, create_todo, follow_link
from tests.clock import StandingClock

TODOS: list[dict[str, Any]] = [
    {"title": "b", "priority": 2, "tags": ["Home"], "due": {"date": "2026-12-24", "time": "09:00"}},
    {"title": "A", "priority": 1, "description": "100% Oat_Milk", "done": True},
    {"title": "c", "tags": ["home", "Work"], "due": {"date": "2026-12-23"}},
    {"title": "é", "priority": 2, "due": {"date": "2026-12-24", "time": "09:00"}},
    {"title": "B", "priority": 5, "tags": ["Garden"], "description": "back\\slash"},
]
"""Created a minute apart, in this order."""

SORTED = {
    "created_at": "b A c é B",
    "-created_at": "B é c A b",
    "updated_at": "A c é B b",
    "-updated_at": "b B é c A",
    "title": "A b B c é",
    "-title": "é c B b A",
    "priority": "A b é B c",
    "-priority": "B é b A c",
    "due_at": "c b é A B",
    "-due_at": "é b c B A",
}
"""The titles in the order of each sort word, after ``b`` was changed; equal ones by age, those without a value last."""


async def fill(client: httpx.AsyncClient, clock: StandingClock) -> None:
    """Create the to-dos, and change the first one at last."""
    first = await create_todo(client, **TODOS[0])
    for fields in TODOS[1:]:
        clock.advance(minutes=1)
        await create_todo(client, **fields)
    clock.advance(minutes=1)
    await client.patch(f"/todos/{first['id']}", json={"description": "changed"})


async def titles(client: httpx.AsyncClient, **query: Any) -> list[str]:
    """Return the titles of a list."""
    response = await client.get("/todos", params=query)
    assert response.status_code == 200, response.text
    return [todo["title"] for todo in response.json()["items"]]


async def pages(client: httpx.AsyncClient, **query: Any) -> list[list[Json]]:
    """Return every page of a list, by following the ``Link`` header."""
    response = await client.get("/todos", params=query)
    found = [response.json()["items"]]
    while response.links:
        response = await follow_link(client, response)
        found.append(response.json()["items"])
    assert response.json()["next_cursor"] is None
    return found


def with_part(cursor: str, position: int, value: object) -> str:
    """Return a cursor with one of its parts replaced, or another one added."""
    parts = msgspec.json.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    return urlsafe_b64encode(msgspec.json.encode([*parts[:position], value, *parts[position + 1 :]])).decode()


class TodoListsApi:
    """``GET /todos`` and ``GET /tags``."""

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({}, "b A c é B"),
            ({"done": "true"}, "A"),
            ({"done": "false"}, "b c é B"),
            ({"priority": 2}, "b é"),
            ({"tag": "home"}, "b c"),
            ({"tag": " HOME "}, "b c"),
            ({"tag": "hom"}, ""),
            ({"tag": "null"}, ""),
            ({"q": "b"}, "b B"),
            ({"q": "É"}, "é"),
            ({"q": "oat_m"}, "A"),
            ({"q": "0%"}, "A"),
            ({"q": "%"}, "A"),
            ({"q": "_"}, "A"),
            ({"q": "k\\s"}, "B"),
            ({"q": "'"}, ""),
            ({"due_before": "2026-12-24T09:00:00Z"}, "c"),
            ({"due_before": "2026-12-24T10:00:01+01:00"}, "b c é"),
            ({"due_after": "2026-12-24T09:00:00Z"}, "b é"),
            ({"due_after": "2026-12-24T09:00:00.000001Z"}, ""),
            ({"due_after": "2026-12-23T00:00:00Z", "due_before": "2026-12-24T00:00:00Z"}, "c"),
            ({"done": "false", "priority": 2, "tag": "home", "q": "b"}, "b"),
            ({"limit": 200}, "b A c é B"),
            ({"tag": ["home", "work"]}, "c"),
            ({"tag": ["Home", "HOME", " home "]}, "b c"),
            ({"tag": ["home", "garden"]}, ""),
            ({"has_due": "true"}, "b c é"),
            ({"has_due": "false"}, "A B"),
            ({"has_due": "false", "due_before": "2026-12-25"}, ""),
            ({"due_before": "2026-12-24"}, "c"),
            ({"due_before": "2026-12-25"}, "b c é"),
            ({"due_after": "2026-12-24"}, "b é"),
            ({"due_after": "2026-12-23", "due_before": "2026-12-24"}, "c"),
            ({"due_before": "9999-12-31", "due_after": "0001-01-01"}, "b c é"),
            ({"q": "milk 100%"}, "A"),
            ({"q": "a oat_milk"}, "A"),
            ({"q": "a oat_milk slash"}, ""),
            ({"q": "  slash\tb back  "}, "B"),
            ({"q": "b b B b b b b b b b b b"}, "b B"),
            ({"q": " "}, "b A c é B"),
        ],
        ids=str,
    )
    async def test_a_list_has_the_todos_that_fulfil_every_condition(
        self, authed_client: httpx.AsyncClient, clock: StandingClock, query: dict[str, Any], expected: str
    ) -> None:
        await fill(authed_client, clock)

        assert await titles(authed_client, **query) == expected.split()

    @pytest.mark.parametrize(("sort", "expected"), SORTED.items())
    async def test_a_list_can_be_sorted_either_way(
        self, authed_client: httpx.AsyncClient, clock: StandingClock, sort: str, expected: str
    ) -> None:
        await fill(authed_client, clock)

        assert await titles(authed_client, sort=sort) == expected.split()

    @pytest.mark.parametrize("limit", [1, 2, 3])
    @pytest.mark.parametrize(("sort", "expected"), SORTED.items())
    async def test_the_link_header_leads_through_all_pages(
        self, authed_client: httpx.AsyncClient, clock: StandingClock, sort: str, expected: str, limit: int
    ) -> None:
        await fill(authed_client, clock)

        found = await pages(authed_client, sort=sort, limit=limit)

        assert all(len(page) == limit for page in found[:-1])
        assert [todo["title"] for page in found for todo in page] == expected.split()

    async def test_a_day_begins_where_the_account_is(self, authed_client: httpx.AsyncClient) -> None:
        for due in ("2026-12-23T23:30", "2026-12-24T00:30", "2026-12-24T23:30", "2026-12-25T00:30"):
            day, _, time = due.partition("T")
            await create_todo(authed_client, due, due={"date": day, "time": time, "zone": "America/New_York"})

        async def on_the_24th() -> list[str]:
            return await titles(authed_client, due_after="2026-12-24", due_before="2026-12-25")

        in_utc = await on_the_24th()
        await authed_client.patch("/me", json={"time_zone": "America/New_York"})
        in_new_york = await on_the_24th()

        assert in_utc == ["2026-12-23T23:30", "2026-12-24T00:30"]
        assert in_new_york == ["2026-12-24T00:30", "2026-12-24T23:30"]

    @pytest.mark.parametrize(
        ("zone", "day", "begins"),
        [
            ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z"),  # at midnight, the clocks go forward
            ("America/Havana", "2026-11-01", "2026-11-01T04:00:00Z"),  # its first hour is there twice
            ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),  # it was left out
        ],
    )
    async def test_a_day_begins_with_its_first_instant(
        self, authed_client: httpx.AsyncClient, zone: str, day: str, begins: str
    ) -> None:
        await authed_client.patch("/me", json={"time_zone": zone})
        first = datetime.fromisoformat(begins)
        for title, moment in (("before", first - timedelta(seconds=1)), ("first", first)):
            due = {"date": f"{moment:%Y-%m-%d}", "time": f"{moment:%H:%M:%S}", "zone": "UTC"}
            await create_todo(authed_client, title, due=due)

        assert await titles(authed_client, due_after=day) == ["first"]
        assert await titles(authed_client, due_before=day) == ["before"]

    async def test_what_was_changed_since_an_instant_is_found(
        self, authed_client: httpx.AsyncClient, clock: StandingClock
    ) -> None:
        await fill(authed_client, clock)
        changed = [todo["updated_at"] for todo in (await authed_client.get("/todos?sort=updated_at")).json()["items"]]

        found = [await titles(authed_client, updated_since=moment, sort="updated_at") for moment in changed]

        assert [len(each) for each in found] == [5, 4, 3, 2, 1]
        assert found[-1] == ["b"]

    async def test_the_link_keeps_several_tags(self, authed_client: httpx.AsyncClient) -> None:
        for number in range(3):
            await create_todo(authed_client, f"{number}", tags=["home", "a & b", "ä"])
        await create_todo(authed_client, "other", tags=["home"])

        found = await pages(authed_client, tag=["home", "A & B", "Ä"], due_before=[], limit=1)

        assert [[todo["title"] for todo in page] for page in found] == [["0"], ["1"], ["2"]]

    @pytest.mark.parametrize(
        "query",
        [
            {"tag": ["home", "work"]},
            {"has_due": "true"},
            {"due_before": "2026-12-25"},
            {"updated_since": "2020-01-01T00:00:00Z"},
            {"q": "a b"},
        ],
    )
    async def test_what_is_asked_belongs_to_the_cursor(
        self, authed_client: httpx.AsyncClient, clock: StandingClock, query: dict[str, Any]
    ) -> None:
        await fill(authed_client, clock)
        await fill(authed_client, clock)
        cursor = (await authed_client.get("/todos", params={"limit": 1, "due_before": "2026-12-26"})).json()

        response = await authed_client.get("/todos", params={**query, "cursor": cursor["next_cursor"]})

        assert_problem(response, 422, "invalid", parameter="cursor")

    async def test_the_count_holds_for_every_condition(
        self, authed_client: httpx.AsyncClient, clock: StandingClock
    ) -> None:
        await fill(authed_client, clock)
        query = {"tag": ["home", "work"], "due_before": "2026-12-25", "has_due": "true", "q": "c", "include": "count"}

        assert (await authed_client.get("/todos", params=query)).json()["total"] == 1

    async def test_the_link_keeps_the_query(self, authed_client: httpx.AsyncClient, clock: StandingClock) -> None:
        await fill(authed_client, clock)

        found = await pages(authed_client, tag="home", q="c", done="false", limit=1, sort="-title")

        assert [[todo["title"] for todo in page] for page in found] == [["c"], ["b"]]

    async def test_the_cursor_leads_where_the_link_does(
        self, authed_client: httpx.AsyncClient, clock: StandingClock
    ) -> None:
        await fill(authed_client, clock)
        first = await authed_client.get("/todos", params={"limit": 2})

        by_cursor = await authed_client.get("/todos", params={"limit": 2, "cursor": first.json()["next_cursor"]})
        by_link = await follow_link(authed_client, first)

        assert by_cursor.json() == by_link.json()

    async def test_a_todo_that_is_created_meanwhile_makes_no_page_skip_or_repeat(
        self, authed_client: httpx.AsyncClient, clock: StandingClock
    ) -> None:
        await fill(authed_client, clock)
        first = await authed_client.get("/todos", params={"limit": 2, "sort": "title"})

        await create_todo(authed_client, "AA")
        rest = await authed_client.get("/todos", params={"sort": "title", "cursor": first.json()["next_cursor"]})

        assert [todo["title"] for todo in rest.json()["items"]] == ["B", "c", "é"]

    async def test_fifty_todos_are_a_page_if_nothing_is_said(self, authed_client: httpx.AsyncClient) -> None:
        for number in range(51):
            await create_todo(authed_client, f"{number}")

        found = await pages(authed_client)

        assert [len(page) for page in found] == [50, 1]

    async def test_the_count_is_of_all_that_fulfil_the_conditions(
        self, authed_client: httpx.AsyncClient, clock: StandingClock
    ) -> None:
        await fill(authed_client, clock)

        counted = await authed_client.get("/todos", params={"include": "count", "limit": 1, "done": "false"})
        not_counted = await authed_client.get("/todos", params={"limit": 1, "done": "false"})

        assert counted.json()["total"] == 4
        assert "total" not in not_counted.json()

    @pytest.mark.parametrize(
        ("parameter", "value"),
        [
            *(("limit", value) for value in ("0", "201", "-1", "x", "1.5", "", "null", "1_0", "٣", "9" * 400)),
            *(("sort", value) for value in ("", "id", "--title", "TITLE", "title,priority", "null")),
            *(("done", value) for value in ("", "maybe", "null", "2")),
            *(("priority", value) for value in ("", "0", "6", "x", "null", "-1", "9" * 400)),
            *(("tag", value) for value in ("", "x" * 51, ["home", ""], ["home", "x" * 51], ["home"] * 21)),
            *(("q", value) for value in ("", "x" * 201, "ß" * 101, "\ufb03" * 67, "a b c d e f g h i j k")),
            *(("has_due", value) for value in ("", "null", "2", "no")),
            *(("updated_since", value) for value in ("", "2026-12-24", "2026-12-24T09:00:00", "0.5", "yesterday")),
            *(("updated_since", value) for value in ("0001-01-01T00:00:00+01:00", "2026-12-24T25:00:00Z")),
            *(("due_before", value) for value in ("", "null", "2026-12-32", "2026-12-24T09:00:00", "0.5", "1e9")),
            *(("due_before", value) for value in ("20261224", "2026-12-24Z", "2026-W52-4", "0000-01-01", " ")),
            *(("due_after", value) for value in ("x", "null", "2026-12-24T25:00:00Z", "0001-01-01T00:00:00+01:00")),
            *(("include", value) for value in ("", "null", "COUNT", "count,tags")),
        ],
    )
    async def test_a_parameter_that_breaks_a_rule_is_named(
        self, authed_client: httpx.AsyncClient, parameter: str, value: str | list[str]
    ) -> None:
        response = await authed_client.get("/todos", params={parameter: value})

        assert_problem(response, 422, "invalid", parameter=parameter)

    @pytest.mark.parametrize(
        "query", [{"sort": "-created_at"}, {"sort": "updated_at"}, {"done": "false"}, {"q": "b"}, {"tag": "Home"}]
    )
    async def test_a_cursor_of_another_query_is_refused(
        self, authed_client: httpx.AsyncClient, clock: StandingClock, query: dict[str, str]
    ) -> None:
        await fill(authed_client, clock)
        cursor = (await authed_client.get("/todos", params={"limit": 1})).json()["next_cursor"]

        response = await authed_client.get("/todos", params={**query, "cursor": cursor})

        assert_problem(response, 422, "invalid", parameter="cursor")

    @pytest.mark.parametrize("sort", ["created_at", "due_at", "priority", "title"])
    @pytest.mark.parametrize(
        ("position", "value"),
        [
            (0, "0" * 16),
            (1, ["x"]),
            (1, {}),
            (1, True),
            (1, 1e300),
            (1, "\0"),
            (2, 0),
            (2, -1),
            (2, 2**63),
            (2, "1"),
            (2, None),
            (3, "more"),
        ],
    )
    async def test_a_tampered_cursor_is_refused(
        self, authed_client: httpx.AsyncClient, clock: StandingClock, sort: str, position: int, value: object
    ) -> None:
        await fill(authed_client, clock)
        cursor = (await authed_client.get("/todos", params={"limit": 1, "sort": sort})).json()["next_cursor"]

        tampered = with_part(cursor, position, value)
        response = await authed_client.get("/todos", params={"sort": sort, "cursor": tampered})

        assert_problem(response, 422, "invalid", parameter="cursor")

    async def test_a_cursor_outside_the_calendar_is_refused(
        self, authed_client: httpx.AsyncClient, clock: StandingClock
    ) -> None:
        await fill(authed_client, clock)
        cursor = (await authed_client.get("/todos", params={"limit": 1})).json()["next_cursor"]

        tampered = with_part(cursor, 1, "0001-01-01T00:00:00+14:00")
        response = await authed_client.get("/todos", params={"cursor": tampered})

        assert_problem(response, 422, "invalid", parameter="cursor")

    @pytest.mark.parametrize("cursor", ["", "x", "é", "====", "bnVsbA", "W10", "null", "A" * 6_000, "\0", "W1tbW1s"])
    async def test_a_word_that_is_no_cursor_is_refused(self, authed_client: httpx.AsyncClient, cursor: str) -> None:
        response = await authed_client.get("/todos", params={"cursor": cursor})

        assert_problem(response, 422, "invalid", parameter="cursor")

    async def test_a_page_of_long_todos_ends_early_and_says_so(self, authed_client: httpx.AsyncClient) -> None:
        made = [await create_todo(authed_client, f"{n}", description="\x01" * 10_000) for n in range(60)]

        first = await authed_client.get("/todos", params={"limit": 200})
        found = await pages(authed_client, limit=200)

        assert 50 <= len(first.json()["items"]) < 60
        assert first.json()["next_cursor"] is not None
        assert len(first.content) < 3.5 * 1_024 * 1_024
        assert [todo for items in found for todo in items] == made

    async def test_the_link_header_leads_through_all_tags(
        self, authed_client: httpx.AsyncClient, clock: StandingClock
    ) -> None:
        await fill(authed_client, clock)
        found: list[str] = []
        response = await authed_client.get("/tags?limit=1")

        while True:
            found += [item["tag"] for item in response.json()["items"]]
            assert ("next" in response.links) == (response.json()["next_cursor"] is not None)
            if not response.links:
                break
            response = await follow_link(authed_client, response)

        assert found == ["Garden", "Home", "Work"]

    async def test_two_hundred_tags_are_a_page_if_nothing_is_said(self, authed_client: httpx.AsyncClient) -> None:
        for number in range(11):
            await create_todo(authed_client, tags=[f"{number} {other}" for other in range(20)])

        response = await authed_client.get("/tags")

        assert len(response.json()["items"]) == 200
        assert response.json()["next_cursor"] is not None

    @pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "", "null"])
    async def test_a_page_of_tags_that_cannot_be_is_refused(self, authed_client: httpx.AsyncClient, limit: str) -> None:
        assert_problem(await authed_client.get("/tags", params={"limit": limit}), 422, "invalid", parameter="limit")

    @pytest.mark.parametrize(
        "content", [["todos", "a"], ["tags"], ["tags", 1], ["tags", None], ["tags", "a\0"], ["tags", "a", 1], {}, None]
    )
    async def test_a_word_that_is_no_cursor_of_tags_is_refused(
        self, authed_client: httpx.AsyncClient, content: object
    ) -> None:
        cursor = urlsafe_b64encode(msgspec.json.encode(content)).decode()

        response = await authed_client.get("/tags", params={"cursor": cursor})

        assert_problem(response, 422, "invalid", parameter="cursor")

    async def test_tags_are_counted_without_case(self, authed_client: httpx.AsyncClient, clock: StandingClock) -> None:
        await fill(authed_client, clock)

        response = await authed_client.get("/tags")

        assert response.status_code == 200
        assert response.json() == {
            "items": [{"tag": "Garden", "count": 1}, {"tag": "Home", "count": 2}, {"tag": "Work", "count": 1}],
            "next_cursor": None,
        }
