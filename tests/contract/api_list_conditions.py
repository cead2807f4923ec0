"""Lists and posts over HTTP are not sent again to whoever has them."""

import httpx
import pytest

from tests.api import create_todo

LISTS = ["/todos", "/todos?limit=1&include=count", "/tags", "/posts"]
CHANGES = {
    "/todos": ("/todos", {"title": "Another"}),
    "/todos?limit=1&include=count": ("/todos", {"title": "Another"}),
    "/tags": ("/todos", {"title": "Another", "tags": ["new"]}),
    "/posts": ("/posts", {"content": "Another"}),
}


async def fill(client: httpx.AsyncClient) -> None:
    """Put something into each list."""
    await create_todo(client, title="One", tags=["home"])
    (await client.post("/posts", json={"content": "Hello"})).raise_for_status()


class ListConditionsApi:
    """``If-None-Match`` on lists, and on posts, which have no version."""

    @pytest.mark.parametrize("path", LISTS)
    async def test_a_list_has_the_same_etag_until_it_changes(self, authed_client: httpx.AsyncClient, path: str) -> None:
        await fill(authed_client)

        first, second = await authed_client.get(path), await authed_client.get(path)
        url, body = CHANGES[path]
        (await authed_client.post(url, json=body)).raise_for_status()
        later = await authed_client.get(path, headers={"If-None-Match": first.headers["etag"]})

        assert first.headers["etag"] == second.headers["etag"]
        assert later.status_code == 200
        assert later.headers["etag"] != first.headers["etag"]

    @pytest.mark.parametrize("path", [*LISTS, "/posts/{id}", "/post/{id}"])
    @pytest.mark.parametrize("form", ["{}", "W/{}", '"7", {}', '"7",W/{}', "*"])
    async def test_what_the_client_has_is_not_sent_again(
        self, authed_client: httpx.AsyncClient, path: str, form: str
    ) -> None:
        await fill(authed_client)
        path = path.format(id=(await authed_client.get("/posts")).json()["result"][0]["id"])
        first = await authed_client.get(path)

        again = await authed_client.get(path, headers={"If-None-Match": form.format(first.headers["etag"])})

        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert again.headers["cache-control"] == first.headers["cache-control"] == "private, no-cache"

    @pytest.mark.parametrize("other", ['"1"', '""', "nonsense", ""])
    async def test_what_the_client_does_not_have_is_sent(self, authed_client: httpx.AsyncClient, other: str) -> None:
        await fill(authed_client)

        response = await authed_client.get("/todos", headers={"If-None-Match": other})

        assert response.status_code == 200
        assert response.json()["items"]
