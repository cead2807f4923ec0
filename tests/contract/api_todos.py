"""Creating, reading and deleting to-dos over HTTP."""

import json
from typing import Any

import httpx
import pytest

from domain.accounts.model import Account
from tests.api import assert_problem, create_todo, sign_in

WRONG_FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"title": ""}, "/title"),
    ({"title": " \t\n"}, "/title"),
    ({"title": "x" * 201}, "/title"),
    ({"title": None}, "/title"),
    ({"title": 1}, "/title"),
    ({"description": "x" * 10_001}, "/description"),
    ({"description": ["x"]}, "/description"),
    ({"done": "true"}, "/done"),
    ({"done": 1}, "/done"),
    ({"done": None}, "/done"),
    ({"priority": 0}, "/priority"),
    ({"priority": 6}, "/priority"),
    ({"priority": "1"}, "/priority"),
    ({"priority": 1.5}, "/priority"),
    ({"priority": True}, "/priority"),
    ({"tags": "home"}, "/tags"),
    ({"tags": [str(number) for number in range(21)]}, "/tags"),
    ({"tags": ["home", ""]}, "/tags/1"),
    ({"tags": ["home", "work", "  "]}, "/tags/2"),
    ({"tags": ["x" * 51]}, "/tags/0"),
    ({"tags": ["home", 1]}, "/tags/1"),
    ({"due": "2026-12-24"}, "/due"),
    ({"due": {"date": "2026-02-30"}}, "/due/date"),
    ({"due": {"date": "24.12.2026"}}, "/due/date"),
    ({"due": {"date": None}}, "/due/date"),
    ({"due": {"date": "2026-12-24", "time": "24:00"}}, "/due/time"),
    ({"due": {"date": "2026-12-24", "time": "9:00"}}, "/due/time"),
    ({"due": {"date": "2026-12-24", "time": "09:00Z"}}, "/due/time"),
    ({"due": {"date": "2026-12-24", "time": "09:00\n"}}, "/due/time"),
    ({"due": {"date": "2026-12-24", "zone": "Mars/Olympus"}}, "/due/zone"),
    ({"due": {"date": "2026-12-24", "zone": "europe/berlin"}}, "/due/zone"),
    ({"due": {"date": "2026-12-24", "colour": "red"}}, "/due/colour"),
    ({"colour": "red"}, "/colour"),
    ({"id": 7}, "/id"),
    ({"version": 7}, "/version"),
    ({"due_at": "2026-12-24T00:00:00Z"}, "/due_at"),
    ({"done_at": "2026-12-24T00:00:00Z"}, "/done_at"),
    ({"created_at": "2026-12-24T00:00:00Z"}, "/created_at"),
    ({"owner_id": 1}, "/owner_id"),
]


class TodosApi:
    """``POST /todos``, ``GET /todos/{id}`` and ``DELETE /todos/{id}``."""

    async def test_a_title_is_all_a_todo_needs(self, authed_client: httpx.AsyncClient) -> None:
        response = await authed_client.post("/todos", json={"title": "Buy oat milk"})

        assert response.status_code == 201
        assert response.json() == {
            "id": response.json()["id"],
            "title": "Buy oat milk",
            "description": None,
            "done": False,
            "done_at": None,
            "priority": None,
            "tags": [],
            "due": None,
            "due_at": None,
            "created_at": "2026-11-23T12:00:00Z",
            "updated_at": "2026-11-23T12:00:00Z",
            "version": 1,
        }

    async def test_every_field_is_kept_and_texts_are_trimmed(self, authed_client: httpx.AsyncClient) -> None:
        response = await authed_client.post(
            "/todos",
            json={
                "title": "  Buy oat milk\n",
                "description": "  The one\n  without sugar. ",
                "done": True,
                "priority": 1,
                "tags": [" Home ", "Work"],
                "due": {"date": "2026-12-24", "time": "09:00", "zone": "Europe/Berlin"},
            },
        )

        assert response.status_code == 201
        assert response.json() == {
            "id": response.json()["id"],
            "title": "Buy oat milk",
            "description": "  The one\n  without sugar. ",
            "done": True,
            "done_at": "2026-11-23T12:00:00Z",
            "priority": 1,
            "tags": ["Home", "Work"],
            "due": {"date": "2026-12-24", "time": "09:00:00", "zone": "Europe/Berlin"},
            "due_at": "2026-12-24T08:00:00Z",
            "created_at": "2026-11-23T12:00:00Z",
            "updated_at": "2026-11-23T12:00:00Z",
            "version": 1,
        }

    async def test_a_new_todo_says_where_it_is_and_which_version(self, authed_client: httpx.AsyncClient) -> None:
        created = await authed_client.post("/todos", json={"title": "Buy oat milk"})

        assert created.headers["location"] == f"/todos/{created.json()['id']}"
        assert created.headers["etag"] == '"1"'
        found = await authed_client.get(created.headers["location"])
        assert found.status_code == 200
        assert found.json() == created.json()
        assert found.headers["etag"] == '"1"'

    async def test_of_tags_that_differ_in_case_only_the_first_spelling_stays(
        self, authed_client: httpx.AsyncClient
    ) -> None:
        todo = await create_todo(authed_client, tags=["Home", "work", "HOME", " home ", "Straße", "STRASSE"])

        assert todo["tags"] == ["Home", "work", "Straße"]

    async def test_the_largest_values_that_are_allowed_are(self, authed_client: httpx.AsyncClient) -> None:
        fields: dict[str, Any] = {
            "title": "ü" * 200,
            "description": "😀" * 10_000,
            "priority": 5,
            "tags": [f"{number:050}" for number in range(20)] + ["0" * 50],
        }

        todo = await create_todo(authed_client, **fields)

        assert todo["title"] == fields["title"]
        assert todo["description"] == fields["description"]
        assert todo["tags"] == [f"{number:050}" for number in range(20)]

    async def test_the_largest_todo_is_taken_however_wastefully_it_is_written(
        self, authed_client: httpx.AsyncClient
    ) -> None:
        tags = [chr(0x1F600 + number) * 50 for number in range(20)]
        texts = {"title": "😀" * 200, "description": "😀" * 10_000, "tags": [*tags, *tags]}
        body = json.dumps(texts | {"due": {"date": "2026-12-24", "time": "09:00", "zone": "Europe/Berlin"}})
        assert body.isascii()

        response = await authed_client.post("/todos", content=body, headers={"Content-Type": "application/json"})

        assert response.status_code == 201, response.text
        assert response.json()["tags"] == tags

    @pytest.mark.parametrize(("fields", "pointer"), WRONG_FIELDS)
    async def test_a_field_that_breaks_a_rule_is_pointed_to(
        self, authed_client: httpx.AsyncClient, fields: dict[str, Any], pointer: str
    ) -> None:
        response = await authed_client.post("/todos", json={"title": "Buy oat milk"} | fields)

        assert_problem(response, 422, "invalid", pointer=pointer)
        assert (await authed_client.get("/todos")).json()["items"] == []

    async def test_a_missing_title_is_pointed_to(self, authed_client: httpx.AsyncClient) -> None:
        response = await authed_client.post("/todos", json={"done": False})

        assert_problem(response, 422, "invalid", pointer="/title")

    async def test_a_todo_that_was_deleted_is_gone(self, authed_client: httpx.AsyncClient) -> None:
        todo = await create_todo(authed_client)

        response = await authed_client.delete(f"/todos/{todo['id']}")

        assert response.status_code == 204
        assert response.content == b""
        assert_problem(await authed_client.get(f"/todos/{todo['id']}"), 404, "not_found")
        assert_problem(await authed_client.delete(f"/todos/{todo['id']}"), 404, "not_found")

    @pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
    async def test_somebody_elses_todo_does_not_exist(
        self, authed_client: httpx.AsyncClient, client: httpx.AsyncClient, user: Account, method: str
    ) -> None:
        todo = await create_todo(authed_client, f"Of {user.email}")
        await sign_in(client)
        body = {"title": "Mine"} if method == "PATCH" else None

        theirs = await client.request(method, f"/todos/{todo['id']}", json=body)
        nobodys = await client.request(method, "/todos/987654321", json=body)

        assert_problem(theirs, 404, "not_found")
        assert theirs.json()["detail"] == nobodys.json()["detail"]
        assert (await authed_client.get(f"/todos/{todo['id']}")).json() == todo

    async def test_somebody_elses_todos_are_in_no_list(
        self, authed_client: httpx.AsyncClient, client: httpx.AsyncClient
    ) -> None:
        await create_todo(authed_client, tags=["home"])
        await sign_in(client)

        todos = await client.get("/todos?include=count")
        tags = await client.get("/tags")

        assert todos.json() == {"items": [], "next_cursor": None, "total": 0}
        assert tags.json() == {"items": [], "next_cursor": None}
