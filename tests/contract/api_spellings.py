"""Over the API, texts that look the same are the same, and each is kept as it was written."""

import httpx

from tests.api import create_todo

COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


class SpellingsApi:
    async def test_of_tags_that_look_the_same_the_first_spelling_stays(self, authed_client: httpx.AsyncClient) -> None:
        composed = await create_todo(authed_client, tags=[COMPOSED, DECOMPOSED, "home"])
        decomposed = await create_todo(authed_client, tags=[DECOMPOSED, COMPOSED, COMPOSED.upper()])

        assert composed["tags"] == [COMPOSED, "home"]
        assert decomposed["tags"] == [DECOMPOSED]

    async def test_twenty_tags_in_two_spellings_are_twenty(self, authed_client: httpx.AsyncClient) -> None:
        tags = [f"{COMPOSED} {number}" for number in range(20)]

        todo = await create_todo(authed_client, tags=[*tags, *(f"{DECOMPOSED} {number}" for number in range(20))])

        assert todo["tags"] == tags

    async def test_a_patch_may_change_the_spelling(self, authed_client: httpx.AsyncClient) -> None:
        todo = await create_todo(authed_client, title=COMPOSED, description=COMPOSED, tags=[COMPOSED])
        spelling = {"title": DECOMPOSED, "description": DECOMPOSED, "tags": [DECOMPOSED]}

        changed = (await authed_client.patch(f"/todos/{todo['id']}", json=spelling)).json()

        assert {name: changed[name] for name in spelling} == spelling
        assert changed["version"] == 2

    async def test_lists_and_tags_do_not_distinguish_spellings(self, authed_client: httpx.AsyncClient) -> None:
        for title, tag in ((COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)):
            await create_todo(authed_client, title=title, tags=[tag])

        for asked in (COMPOSED, DECOMPOSED):
            for query in ({"tag": asked}, {"q": asked}):
                found = (await authed_client.get("/todos", params=query)).json()["items"]
                assert [todo["title"] for todo in found] == [COMPOSED, DECOMPOSED]
        assert (await authed_client.get("/tags")).json()["items"] == [{"tag": DECOMPOSED, "count": 2}]
