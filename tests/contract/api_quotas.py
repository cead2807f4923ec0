"""How much one account may keep, over HTTP (OWASP API Security 2023, API4)."""

from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from domain.accounts.model import Account
from domain.quotas.model import AccountQuotas
from domain.store import Store
from entrypoints.services import Services
from tests.api import Json, assert_problem, create_todo, publish
from tests.builders import a_todo
from tests.clock import NOON, StandingClock
from tests.harness import AlwaysSomebody, app_on, client_of, services_on

QUOTAS = AccountQuotas(todos=3, bytes=100, posts=2)


def assert_exceeds(response: httpx.Response, quota: str) -> None:
    """Assert that an answer names the quota that would be exceeded."""
    body = assert_problem(response, 403, "quota_exceeded")
    assert body["quota"] == quota
    assert f"{getattr(QUOTAS, quota)} " in body["detail"]


async def used(client: httpx.AsyncClient) -> dict[str, int]:
    """Return how much the account says it keeps, of things and bytes."""
    quotas: Json = (await client.get("/me")).json()["quotas"]
    assert {name: quota["limit"] for name, quota in quotas.items()} == {"todos": 3, "bytes": 100, "posts": 2}
    return {name: quota["used"] for name, quota in quotas.items()}


class QuotasApi:
    """Small quotas; those that are far away are the business of ``tests/unit/test_quotas.py``."""

    @pytest.fixture
    def services(self, store: Store, clock: StandingClock) -> Services:
        return services_on(store, now=clock, quotas=QUOTAS)

    @pytest.fixture
    async def strangers_client(self, services: Services, stranger: Account) -> AsyncGenerator[httpx.AsyncClient]:
        overridden = replace(services, authenticator=AlwaysSomebody(stranger))
        async with client_of(app_on(overridden), bearer="whatever") as client:
            yield client

    async def test_an_account_shows_how_much_it_keeps_and_may_keep(self, authed_client: httpx.AsyncClient) -> None:
        await create_todo(authed_client, "Käse", tags=["süß"])
        await publish(authed_client, "Hi")

        assert await used(authed_client) == {"todos": 1, "bytes": 12, "posts": 1}

    async def test_a_changed_account_is_shown_as_it_is_read(self, authed_client: httpx.AsyncClient) -> None:
        await create_todo(authed_client, "Käse")

        changed = await authed_client.patch("/me", json={"display_name": "Ada"})

        assert changed.json() == (await authed_client.get("/me")).json()
        assert changed.json()["quotas"]["bytes"] == {"limit": 100, "used": 5}

    @pytest.mark.parametrize("condition", ['"1"', 'W/"1"', "*"])
    async def test_no_cache_hides_that_more_is_kept(self, authed_client: httpx.AsyncClient, condition: str) -> None:
        before = await authed_client.get("/me")
        await create_todo(authed_client)

        after = await authed_client.get("/me", headers={"If-None-Match": condition})

        assert after.status_code == 200
        assert after.headers["etag"] == before.headers["etag"] == '"1"'  # for If-Match: nothing to change has changed
        assert after.json()["quotas"]["todos"]["used"] == before.json()["quotas"]["todos"]["used"] + 1
        assert after.headers["cache-control"] == "no-store"

    async def test_one_todo_too_many_is_refused_until_another_is_deleted(
        self, authed_client: httpx.AsyncClient
    ) -> None:
        first, *_ = [await create_todo(authed_client, "Tee") for _ in range(3)]

        refused = await authed_client.post("/todos", json={"title": "Tee"})

        assert_exceeds(refused, "todos")
        assert (await used(authed_client))["todos"] == 3
        await authed_client.delete(f"/todos/{first['id']}")
        await create_todo(authed_client, "Tee")
        assert_exceeds(await authed_client.post("/todos", json={"title": "Tee"}), "todos")

    async def test_one_post_too_many_is_refused_until_another_is_deleted(
        self, authed_client: httpx.AsyncClient
    ) -> None:
        first, _ = [await publish(authed_client, "Hi") for _ in range(2)]

        refused = await authed_client.post("/posts", json={"content": "Hi"})

        assert_exceeds(refused, "posts")
        assert (await authed_client.get("/posts")).json()["total"] == 2
        await authed_client.delete(f"/posts/{first['id']}")
        await publish(authed_client, "Hi")
        assert_exceeds(await authed_client.post("/posts", json={"content": "Hi"}), "posts")

    async def test_bytes_are_those_of_every_text_to_the_last_one(self, authed_client: httpx.AsyncClient) -> None:
        await create_todo(authed_client, "ü" * 10, description="x" * 10, tags=["ö" * 5, "y" * 5])
        await publish(authed_client, "z" * 15)
        assert (await used(authed_client))["bytes"] == 60

        for path, body in (("/todos", {"title": "x" * 41}), ("/posts", {"content": "x" * 41})):
            assert_exceeds(await authed_client.post(path, json=body), "bytes")

        await create_todo(authed_client, "x" * 40)
        assert (await used(authed_client))["bytes"] == 100

    @pytest.mark.parametrize(
        "patch", [{"title": "x" * 61}, {"description": "x" * 58}, {"tags": ["x" * 30, "y" * 28]}], ids=str
    )
    async def test_a_change_to_longer_texts_counts_what_is_more(
        self, authed_client: httpx.AsyncClient, patch: dict[str, Any]
    ) -> None:
        await create_todo(authed_client, "x" * 40)
        todo = await create_todo(authed_client, "Tee")

        refused = await authed_client.patch(f"/todos/{todo['id']}", json=patch)

        assert_exceeds(refused, "bytes")
        assert (await authed_client.get(f"/todos/{todo['id']}")).json() == todo

    async def test_a_change_up_to_the_last_byte_is_good(self, authed_client: httpx.AsyncClient) -> None:
        todo = await create_todo(authed_client, "Tee")

        changed = await authed_client.patch(f"/todos/{todo['id']}", json={"description": "x" * 97})

        assert changed.status_code == 200
        assert (await used(authed_client))["bytes"] == 100

    async def test_who_has_too_much_may_still_change_what_makes_it_no_more(
        self, authed_client: httpx.AsyncClient, store: Store, user: Account
    ) -> None:
        todo = await store.todos.add(a_todo("x" * 200), owner_id=user.id)
        for _ in range(3):
            await store.posts.add("Hi", author_id=user.id, at=NOON)

        for patch in ({"done": True}, {"title": "y" * 200}, {"title": "y" * 150}):
            assert (await authed_client.patch(f"/todos/{todo.id}", json=patch)).status_code == 200
        assert_exceeds(await authed_client.patch(f"/todos/{todo.id}", json={"title": "y" * 151}), "bytes")
        assert await used(authed_client) == {"todos": 1, "bytes": 156, "posts": 3}

    async def test_with_if_match_the_version_comes_first(self, authed_client: httpx.AsyncClient) -> None:
        todo = await create_todo(authed_client, "Tee")

        late = await authed_client.patch(
            f"/todos/{todo['id']}", json={"description": "x" * 98}, headers={"If-Match": '"7"'}
        )

        assert_problem(late, 412, "version_mismatch")

    async def test_what_others_keep_is_not_counted(
        self, authed_client: httpx.AsyncClient, strangers_client: httpx.AsyncClient
    ) -> None:
        for _ in range(3):
            await create_todo(strangers_client, "Tee")
        for _ in range(2):
            await publish(strangers_client, "x" * 45)

        await create_todo(authed_client, "x" * 40)
        await publish(authed_client, "x" * 60)
        assert await used(authed_client) == {"todos": 1, "bytes": 100, "posts": 1}

    async def test_a_body_that_breaks_a_rule_is_told_so_first(self, authed_client: httpx.AsyncClient) -> None:
        for _ in range(3):
            await create_todo(authed_client, "Tee")

        assert_problem(await authed_client.post("/todos", json={"title": " "}), 422, "invalid", pointer="/title")
