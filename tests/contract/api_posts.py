"""The notice board over HTTP."""

import json
from base64 import urlsafe_b64encode

import httpx
import msgspec
import pytest

from domain.accounts.model import Account
from tests.api import assert_problem, follow_link, publish, sign_in
from tests.clock import StandingClock


class PostsApi:
    """``/posts`` and ``/post/{id}``."""

    async def test_the_largest_post_is_taken_however_wastefully_it_is_written(
        self, authed_client: httpx.AsyncClient
    ) -> None:
        body = json.dumps({"content": "😀" * 20_000})
        assert body.isascii()

        response = await authed_client.post("/posts", content=body, headers={"Content-Type": "application/json"})

        assert response.status_code == 201, response.text

    async def test_a_post_is_published_under_the_authors_address(
        self, authed_client: httpx.AsyncClient, user: Account
    ) -> None:
        response = await authed_client.post("/posts", json={"content": " The lift is\nout of order. "})

        assert response.status_code == 201
        assert response.json() == {
            "id": response.json()["id"],
            "content": " The lift is\nout of order. ",
            "author_email": user.email,
            "created_time": "2026-11-23T12:00:00Z",
        }
        assert response.headers["location"] == f"/posts/{response.json()['id']}"

    @pytest.mark.parametrize("path", ["/posts", "/post"])
    async def test_everybody_can_read_a_post_under_both_paths(
        self, authed_client: httpx.AsyncClient, anonymous_client: httpx.AsyncClient, path: str
    ) -> None:
        post = await publish(authed_client)

        response = await anonymous_client.get(f"{path}/{post['id']}")

        assert response.status_code == 200
        assert response.json() == post
        assert sorted(post) == ["author_email", "content", "created_time", "id"]

    @pytest.mark.parametrize("path", ["/posts/987654321", "/post/987654321"])
    async def test_a_post_that_is_not_there_is_not_found(self, anonymous_client: httpx.AsyncClient, path: str) -> None:
        assert_problem(await anonymous_client.get(path), 404, "not_found")

    async def test_the_board_is_read_page_by_page_newest_first(
        self, authed_client: httpx.AsyncClient, anonymous_client: httpx.AsyncClient, clock: StandingClock
    ) -> None:
        for number in range(12):
            await publish(authed_client, f"{number}")
            clock.advance(seconds=number % 2)

        first = (await anonymous_client.get("/posts")).json()
        second = (await anonymous_client.get("/posts", params={"page": 2})).json()
        other = (await anonymous_client.get("/posts", params={"page": 3, "per_page": 5})).json()
        beyond = (await anonymous_client.get("/posts", params={"page": 2_147_483_647, "per_page": 100})).json()

        assert [post["content"] for post in first["result"]] == [str(number) for number in range(11, 1, -1)]
        assert [post["content"] for post in second["result"]] == ["1", "0"]
        assert [post["content"] for post in other["result"]] == ["1", "0"]
        assert (first["page"], first["per_page"], first["total"]) == (1, 10, 12)
        assert (other["page"], other["per_page"], other["total"]) == (3, 5, 12)
        assert beyond["result"] == []
        assert beyond["total"] == 12

    async def test_a_page_of_long_posts_comes_in_parts(
        self, authed_client: httpx.AsyncClient, anonymous_client: httpx.AsyncClient
    ) -> None:
        made = [await publish(authed_client, f"{number}" + "\x01" * 19_000) for number in range(71)]
        parts = [await anonymous_client.get("/posts?page=1&per_page=70")]

        while parts[-1].links:
            parts.append(await follow_link(anonymous_client, parts[-1]))
        following = (await anonymous_client.get("/posts", params={"page": 2, "per_page": 70})).json()

        assert len(parts) == 3
        assert [post for part in parts for post in part.json()["result"]] == made[:0:-1]
        assert {(part.json()["page"], part.json()["per_page"], part.json()["total"]) for part in parts} == {(1, 70, 71)}
        assert ["next_cursor" in part.json() for part in parts] == [True, True, False]
        assert all(len(part.content) < 3.5 * 1_024 * 1_024 for part in parts)
        assert following["result"] == made[:1]

    async def test_a_page_as_it_is_if_nothing_is_said_is_always_whole(
        self, authed_client: httpx.AsyncClient, anonymous_client: httpx.AsyncClient
    ) -> None:
        for _ in range(11):
            await publish(authed_client, "\x01" * 20_000)

        page = await anonymous_client.get("/posts")

        assert len(page.json()["result"]) == 10
        assert sorted(page.json()) == ["page", "per_page", "result", "total"]
        assert not page.links

    @pytest.mark.parametrize("query", [{"page": 2}, {"per_page": 31}, {"page": 2, "per_page": 30}, {}])
    async def test_a_cursor_of_another_page_is_refused(
        self, authed_client: httpx.AsyncClient, query: dict[str, int]
    ) -> None:
        for _ in range(30):
            await publish(authed_client, "\x01" * 20_000)
        cursor = (await authed_client.get("/posts", params={"per_page": 30})).json()["next_cursor"]

        response = await authed_client.get("/posts", params={**query, "cursor": cursor})

        assert_problem(response, 422, "invalid", parameter="cursor")

    @pytest.mark.parametrize(
        "content",
        [
            ["todos", 1, 10, "2026-11-23T12:00:00Z", 1, 1],
            ["posts", 1, 10, "2026-11-23T12:00:00", 1, 1],
            ["posts", 1, 10, "0001-01-01T00:00:00+14:00", 1, 1],
            ["posts", 1, 10, "2026-11-23T12:00:00Z", 0, 1],
            ["posts", 1, 10, "2026-11-23T12:00:00Z", 2**63, 1],
            ["posts", 1, 10, "2026-11-23T12:00:00Z", 1, 0],
            ["posts", 1, 10, "2026-11-23T12:00:00Z", 1, 10],
            ["posts", 1, 10, "2026-11-23T12:00:00Z", 1, 2**70],
            ["posts", 1, 10, None, 1, 1],
            ["posts"],
            {},
            "",
        ],
        ids=str,
    )
    async def test_a_word_that_is_no_cursor_of_a_page_is_refused(
        self, anonymous_client: httpx.AsyncClient, content: object
    ) -> None:
        cursor = urlsafe_b64encode(msgspec.json.encode(content)).decode()

        response = await anonymous_client.get("/posts", params={"cursor": cursor})

        assert_problem(response, 422, "invalid", parameter="cursor")

    async def test_an_empty_board_has_an_empty_page(self, anonymous_client: httpx.AsyncClient) -> None:
        response = await anonymous_client.get("/posts")

        assert response.status_code == 200
        assert response.json() == {"page": 1, "per_page": 10, "total": 0, "result": []}

    @pytest.mark.parametrize(
        ("parameter", "value"),
        [
            *(("page", value) for value in ("0", "-1", "x", "", "2147483648", "1.5", "9" * 400)),
            *(("per_page", value) for value in ("0", "-1", "x", "", "101", "null")),
        ],
    )
    async def test_a_page_that_cannot_be_is_refused(
        self, anonymous_client: httpx.AsyncClient, parameter: str, value: str
    ) -> None:
        response = await anonymous_client.get("/posts", params={parameter: value})

        assert_problem(response, 422, "invalid", parameter=parameter)

    async def test_the_longest_post_is_kept_whole(
        self, authed_client: httpx.AsyncClient, anonymous_client: httpx.AsyncClient
    ) -> None:
        post = await publish(authed_client, "😀" * 20_000)

        assert (await anonymous_client.get(f"/posts/{post['id']}")).json()["content"] == "😀" * 20_000

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({}, "/content"),
            ({"content": ""}, "/content"),
            ({"content": "x" * 20_001}, "/content"),
            ({"content": None}, "/content"),
            ({"content": 1}, "/content"),
            ({"content": "Hello", "author_email": "me@me.com"}, "/author_email"),
            ({"content": "Hello", "created_time": "2018-10-03T12:30:00Z"}, "/created_time"),
            ({"content": "Hello", "id": 1}, "/id"),
        ],
        ids=lambda value: str(value)[:40],
    )
    async def test_a_post_that_breaks_a_rule_is_not_published(
        self, authed_client: httpx.AsyncClient, body: dict[str, object], pointer: str
    ) -> None:
        response = await authed_client.post("/posts", json=body)

        assert_problem(response, 422, "invalid", pointer=pointer)
        assert (await authed_client.get("/posts")).json()["total"] == 0

    async def test_whoever_is_not_signed_in_publishes_nothing(self, anonymous_client: httpx.AsyncClient) -> None:
        response = await anonymous_client.post("/posts", json={"content": "Hello"})

        assert_problem(response, 401, "unauthenticated")
        assert (await anonymous_client.get("/posts")).json()["total"] == 0

    async def test_authors_delete_their_posts(self, authed_client: httpx.AsyncClient) -> None:
        post = await publish(authed_client)

        response = await authed_client.delete(f"/posts/{post['id']}")

        assert response.status_code == 204
        assert_problem(await authed_client.get(f"/posts/{post['id']}"), 404, "not_found")
        assert_problem(await authed_client.delete(f"/posts/{post['id']}"), 404, "not_found")

    async def test_nobody_else_deletes_them(
        self, authed_client: httpx.AsyncClient, client: httpx.AsyncClient, anonymous_client: httpx.AsyncClient
    ) -> None:
        post = await publish(authed_client)
        await sign_in(client)

        by_another = await client.delete(f"/posts/{post['id']}")
        by_nobody = await anonymous_client.delete(f"/posts/{post['id']}")

        assert_problem(by_another, 403, "forbidden")
        assert_problem(by_nobody, 401, "unauthenticated")
        assert (await anonymous_client.get(f"/posts/{post['id']}")).json() == post
