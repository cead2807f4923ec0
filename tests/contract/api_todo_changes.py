"""Merge patches (RFC 7396) and conditional requests (RFC 9110) on to-dos."""

from typing import Any

import httpx
import pytest

from tests.api import Json, assert_problem, create_todo
from tests.clock import StandingClock
from tests.contract.api_todos import WRONG_FIELDS

DUE = {"date": "2026-12-24", "time": "09:00:00", "zone": "Europe/Berlin"}
EVERYTHING: dict[str, Any] = {
    "description": "The one without sugar.",
    "priority": 2,
    "tags": ["home"],
    "due": DUE,
}


class TodoChangesApi:
    """``PATCH /todos/{id}`` and conditions on all requests to ``/todos/{id}``."""

    @pytest.mark.parametrize(
        ("patch", "changed"),
        [
            ({"title": "  Buy soy milk "}, {"title": "Buy soy milk"}),
            ({"description": "Any."}, {"description": "Any."}),
            ({"description": None}, {"description": None}),
            ({"description": ""}, {"description": ""}),
            ({"done": True}, {"done": True, "done_at": "2026-11-23T12:01:00Z"}),
            ({"priority": 5}, {"priority": 5}),
            ({"priority": None}, {"priority": None}),
            ({"tags": ["Work", "work"]}, {"tags": ["Work"]}),
            ({"tags": []}, {"tags": []}),
            ({"tags": None}, {"tags": []}),
            ({"due": None}, {"due": None, "due_at": None}),
            ({"due": {"date": "2026-12-25"}}, {"due": DUE | {"date": "2026-12-25"}, "due_at": "2026-12-25T08:00:00Z"}),
            ({"due": {"time": "18:30"}}, {"due": DUE | {"time": "18:30:00"}, "due_at": "2026-12-24T17:30:00Z"}),
            ({"due": {"time": None}}, {"due": DUE | {"time": None}, "due_at": "2026-12-24T22:59:59.999999Z"}),
            ({"due": {"zone": "Asia/Tokyo"}}, {"due": DUE | {"zone": "Asia/Tokyo"}, "due_at": "2026-12-24T00:00:00Z"}),
            ({"due": {"zone": None}}, {"due": DUE | {"zone": "UTC"}, "due_at": "2026-12-24T09:00:00Z"}),
        ],
        ids=str,
    )
    async def test_a_patch_changes_what_it_names_and_nothing_else(
        self, authed_client: httpx.AsyncClient, clock: StandingClock, patch: dict[str, Any], changed: dict[str, Any]
    ) -> None:
        todo = await create_todo(authed_client, **EVERYTHING)
        clock.advance(minutes=1)

        response = await authed_client.patch(f"/todos/{todo['id']}", json=patch)

        assert response.status_code == 200
        assert response.json() == todo | changed | {"updated_at": "2026-11-23T12:01:00Z", "version": 2}
        assert response.headers["etag"] == '"2"'
        assert (await authed_client.get(f"/todos/{todo['id']}")).json() == response.json()

    @pytest.mark.parametrize("patch", [{}, {"priority": 2}, {"due": {}}, {"tags": ["home"], "done": False}], ids=str)
    async def test_a_patch_that_changes_nothing_makes_no_version(
        self, authed_client: httpx.AsyncClient, clock: StandingClock, patch: dict[str, Any]
    ) -> None:
        todo = await create_todo(authed_client, **EVERYTHING)
        clock.advance(minutes=1)

        response = await authed_client.patch(f"/todos/{todo['id']}", json=patch)

        assert response.status_code == 200
        assert response.json() == todo

    async def test_a_todo_that_is_done_again_stays_done_since_the_first_time(
        self, authed_client: httpx.AsyncClient, clock: StandingClock
    ) -> None:
        todo = await create_todo(authed_client, done=True)
        clock.advance(minutes=1)

        still_done = (await authed_client.patch(f"/todos/{todo['id']}", json={"done": True, "priority": 1})).json()
        not_done = (await authed_client.patch(f"/todos/{todo['id']}", json={"done": False})).json()

        assert still_done["done_at"] == "2026-11-23T12:00:00Z"
        assert not_done["done_at"] is None

    @pytest.mark.parametrize("content_type", ["application/merge-patch+json", "application/json; charset=utf-8"])
    async def test_a_patch_comes_in_either_media_type(
        self, authed_client: httpx.AsyncClient, content_type: str
    ) -> None:
        todo = await create_todo(authed_client)

        response = await authed_client.patch(
            f"/todos/{todo['id']}", content=b'{"priority": 3}', headers={"Content-Type": content_type}
        )

        assert response.status_code == 200
        assert response.json()["priority"] == 3

    @pytest.mark.parametrize(
        ("patch", "pointer"),
        [(patch, pointer) for patch, pointer in WRONG_FIELDS if pointer != "/due/date" or patch["due"].get("date")]
        + [({"due": {"date": None}}, "/due/date"), ({"title": "ok", "due": {"colour": 1}}, "/due/colour")],
    )
    async def test_a_patch_that_breaks_a_rule_changes_nothing(
        self, authed_client: httpx.AsyncClient, patch: dict[str, Any], pointer: str
    ) -> None:
        todo = await create_todo(authed_client, **EVERYTHING)

        response = await authed_client.patch(f"/todos/{todo['id']}", json={"priority": 5} | patch)

        assert_problem(response, 422, "invalid", pointer=pointer)
        assert (await authed_client.get(f"/todos/{todo['id']}")).json() == todo

    async def test_a_todo_without_a_due_date_needs_one_before_it_gets_a_time(
        self, authed_client: httpx.AsyncClient
    ) -> None:
        todo = await create_todo(authed_client)

        response = await authed_client.patch(f"/todos/{todo['id']}", json={"due": {"time": "09:00"}})

        assert_problem(response, 422, "invalid", pointer="/due/date")

    @pytest.mark.parametrize(
        "if_match", ['"2"', 'W/"2"', 'w/"1"', "null", '""', '"01x"', '"99999999999999999999"', "", ","]
    )
    @pytest.mark.parametrize("method", ["PATCH", "DELETE"])
    async def test_a_stale_etag_changes_nothing(
        self, authed_client: httpx.AsyncClient, method: str, if_match: str
    ) -> None:
        todo = await create_todo(authed_client)

        response = await change_or_remove(authed_client, method, todo, {"If-Match": if_match})

        assert_problem(response, 412, "version_mismatch")
        assert response.headers["etag"] == '"1"'
        assert "is at version 1 now" in response.json()["detail"]
        assert (await authed_client.get(f"/todos/{todo['id']}")).json() == todo

    @pytest.mark.parametrize("tags", ["1", '"7", 1', "1,2", "7"])
    @pytest.mark.parametrize("name", ["If-Match", "If-None-Match"])
    @pytest.mark.parametrize("method", ["PATCH", "DELETE"])
    async def test_a_version_without_quotes_is_no_etag(
        self, authed_client: httpx.AsyncClient, method: str, name: str, tags: str
    ) -> None:
        todo = await create_todo(authed_client)

        response = await change_or_remove(authed_client, method, todo, {name: tags})

        assert_problem(response, 422, "invalid", parameter=name)
        assert "quotes" in response.json()["detail"]
        assert (await authed_client.get(f"/todos/{todo['id']}")).json() == todo

    @pytest.mark.parametrize("if_none_match", ["*", '"1"', 'W/"1"', '"7", "1"'])
    @pytest.mark.parametrize("method", ["PATCH", "DELETE"])
    async def test_what_is_to_be_changed_only_where_nothing_is_stays(
        self, authed_client: httpx.AsyncClient, method: str, if_none_match: str
    ) -> None:
        todo = await create_todo(authed_client)

        response = await change_or_remove(authed_client, method, todo, {"If-None-Match": if_none_match})

        assert_problem(response, 412, "version_mismatch")
        assert response.headers["etag"] == '"1"'
        assert (await authed_client.get(f"/todos/{todo['id']}")).json() == todo

    @pytest.mark.parametrize("method", ["PATCH", "DELETE"])
    async def test_another_version_than_the_current_one_may_be_ruled_out(
        self, authed_client: httpx.AsyncClient, method: str
    ) -> None:
        todo = await create_todo(authed_client)

        response = await change_or_remove(authed_client, method, todo, {"If-None-Match": '"7"'})

        assert response.status_code == (200 if method == "PATCH" else 204)

    async def test_a_mismatch_names_the_versions(self, authed_client: httpx.AsyncClient) -> None:
        todo = await create_todo(authed_client)

        response = await authed_client.patch(f"/todos/{todo['id']}", json={}, headers={"If-Match": '"3", W/"2"'})

        detail = "The to-do is at version 1 now; what was to be changed is 2 or 3."
        assert response.json()["detail"] == detail

    @pytest.mark.parametrize("if_match", ['"1"', 'W/"1"', "*", " * ", '"7", "1"', 'W/"7",W/"1"'])
    @pytest.mark.parametrize("method", ["PATCH", "DELETE"])
    async def test_the_current_etag_lets_a_change_through(
        self, authed_client: httpx.AsyncClient, method: str, if_match: str
    ) -> None:
        todo = await create_todo(authed_client)

        response = await change_or_remove(authed_client, method, todo, {"If-Match": if_match})

        assert response.status_code == (200 if method == "PATCH" else 204)

    async def test_the_etag_of_a_change_is_good_for_the_next_one(self, authed_client: httpx.AsyncClient) -> None:
        todo = await create_todo(authed_client)
        url = f"/todos/{todo['id']}"

        first = await authed_client.patch(url, json={"priority": 1}, headers={"If-Match": '"1"'})
        second = await authed_client.patch(url, json={"priority": 2}, headers={"If-Match": first.headers["etag"]})
        late = await authed_client.patch(url, json={"priority": 3}, headers={"If-Match": first.headers["etag"]})

        assert second.json()["version"] == 3
        assert_problem(late, 412, "version_mismatch")

    @pytest.mark.parametrize("if_match", ["*", '"1"'])
    async def test_a_condition_on_a_todo_that_is_not_there_is_404(
        self, authed_client: httpx.AsyncClient, if_match: str
    ) -> None:
        response = await authed_client.patch("/todos/987654321", json={}, headers={"If-Match": if_match})

        assert_problem(response, 404, "not_found")

    @pytest.mark.parametrize("if_none_match", ['"1"', 'W/"1"', '"7", "1"', '"7",W/"1"', "*"])
    async def test_a_version_the_client_has_is_not_sent_again(
        self, authed_client: httpx.AsyncClient, if_none_match: str
    ) -> None:
        todo = await create_todo(authed_client)

        response = await authed_client.get(f"/todos/{todo['id']}", headers={"If-None-Match": if_none_match})

        assert response.status_code == 304
        assert response.content == b""
        assert response.headers["etag"] == '"1"'

    @pytest.mark.parametrize("if_none_match", ['"2"', '"11"', "1", "null", '""', ""])
    async def test_a_version_the_client_does_not_have_is_sent(
        self, authed_client: httpx.AsyncClient, if_none_match: str
    ) -> None:
        todo = await create_todo(authed_client)

        response = await authed_client.get(f"/todos/{todo['id']}", headers={"If-None-Match": if_none_match})

        assert response.status_code == 200
        assert response.json() == todo


async def change_or_remove(
    client: httpx.AsyncClient, method: str, todo: Json, headers: dict[str, str]
) -> httpx.Response:
    """Change the title of a to-do, or remove it, on a condition."""
    body = {"title": "Other"} if method == "PATCH" else None
    return await client.request(method, f"/todos/{todo['id']}", json=body, headers=headers)
