"""Personal API tokens over HTTP."""

from typing import Any

import httpx
import pytest

from domain.authentication.principal import TokenScope
from tests.api import assert_problem, bearer, make_token, sign_in
from tests.clock import StandingClock

EVERY_SCOPE = sorted(TokenScope)


class ApiTokensApi:
    """``/auth/tokens``."""

    async def test_a_token_is_shown_once(self, authed_client: httpx.AsyncClient) -> None:
        body = {"name": " backup ", "scopes": ["todos:write", "todos:read", "todos:read"]}

        response = await authed_client.post("/auth/tokens", json=body)

        assert response.status_code == 201
        issued = response.json()
        secret = issued.pop("token")
        assert issued == {
            "id": issued["id"],
            "name": "backup",
            "scopes": ["todos:read", "todos:write"],
            "created_at": "2026-11-23T12:00:00Z",
            "expires_at": None,
            "last_used_at": None,
        }
        assert secret.startswith("todo_pat_")
        assert len(secret) > 40
        listed = await authed_client.get("/auth/tokens")
        assert listed.json() == {"items": [issued]}
        assert secret not in listed.text

    async def test_tokens_are_listed_newest_first(self, authed_client: httpx.AsyncClient, clock: StandingClock) -> None:
        first = await make_token(authed_client, "todos:read")
        clock.advance(seconds=1)
        second = await make_token(authed_client, "todos:read")

        listed = await authed_client.get("/auth/tokens")

        assert [token["id"] for token in listed.json()["items"]] == [second["id"], first["id"]]

    async def test_two_tokens_are_never_the_same(self, authed_client: httpx.AsyncClient) -> None:
        first = await make_token(authed_client, "todos:read")
        second = await make_token(authed_client, "todos:read")

        assert first["token"] != second["token"]

    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"name": ""}, "/name"),
            ({"name": "  "}, "/name"),
            ({"name": "x" * 101}, "/name"),
            ({"scopes": []}, "/scopes"),
            ({"scopes": ["todos:read", "everything"]}, "/scopes/1"),
            ({"scopes": ["todos"]}, "/scopes/0"),
            ({"scopes": "todos:read"}, "/scopes"),
            ({"expires_at": "2026-11-23T12:00:00Z"}, "/expires_at"),
            ({"expires_at": "2026-11-23T13:59:59+02:00"}, "/expires_at"),
            ({"expires_at": "2027-01-01T00:00:00"}, "/expires_at"),
            ({"expires_at": "2027-01-01"}, "/expires_at"),
            ({"expires_at": "9999-12-31T23:59:59-01:00"}, "/expires_at"),
            ({"expires_at": 1_800_000_000}, "/expires_at"),
            ({"id": 1}, "/id"),
            ({"token": "todo_pat_mine"}, "/token"),
        ],
        ids=str,
    )
    async def test_a_token_that_breaks_a_rule_is_not_made(
        self, authed_client: httpx.AsyncClient, fields: dict[str, Any], pointer: str
    ) -> None:
        body = {"name": "backup", "scopes": ["todos:read"]} | fields

        response = await authed_client.post("/auth/tokens", json=body)

        assert_problem(response, 422, "invalid", pointer=pointer)
        assert (await authed_client.get("/auth/tokens")).json()["items"] == []

    async def test_a_token_is_good_until_it_expires(
        self, authed_client: httpx.AsyncClient, client: httpx.AsyncClient, clock: StandingClock
    ) -> None:
        token = await make_token(authed_client, "todos:read", expires_at="2026-11-23T14:00:20+02:00")
        client.headers.update(bearer(token["token"]))
        clock.advance(seconds=10)
        before = await client.get("/todos")

        clock.advance(seconds=10)
        after = await client.get("/todos")

        assert token["expires_at"] == "2026-11-23T12:00:20Z"
        assert before.status_code == 200
        assert_problem(after, 401, "unauthenticated")
        assert after.headers["www-authenticate"] == 'Bearer error="invalid_token"'

    async def test_a_token_may_last_until_the_end_of_the_calendar(
        self, authed_client: httpx.AsyncClient, client: httpx.AsyncClient
    ) -> None:
        token = await make_token(authed_client, "todos:read", expires_at="9999-12-31T23:59:59.999999Z")

        response = await client.get("/todos", headers=bearer(token["token"]))

        assert response.status_code == 200
        assert (await authed_client.get("/auth/tokens")).json()["items"][0]["expires_at"] == token["expires_at"]

    async def test_a_token_that_was_revoked_is_worth_nothing(self, client: httpx.AsyncClient) -> None:
        await sign_in(client)
        token = await make_token(client, "todos:read", "account:write")
        assert (await client.get("/todos", headers=bearer(token["token"]))).status_code == 200

        response = await client.delete(f"/auth/tokens/{token['id']}")

        assert response.status_code == 204
        assert_problem(await client.get("/todos", headers=bearer(token["token"])), 401, "unauthenticated")
        assert_problem(await client.delete(f"/auth/tokens/{token['id']}"), 404, "not_found")
        assert (await client.get("/auth/tokens")).json()["items"] == []

    async def test_somebody_elses_token_does_not_exist(
        self, authed_client: httpx.AsyncClient, client: httpx.AsyncClient
    ) -> None:
        await sign_in(client)
        theirs = await make_token(authed_client, "todos:read")

        response = await client.delete(f"/auth/tokens/{theirs['id']}")

        assert_problem(response, 404, "not_found")
        assert (await client.get("/auth/tokens")).json()["items"] == []
        assert len((await authed_client.get("/auth/tokens")).json()["items"]) == 1
        assert (await client.get("/todos", headers=bearer(theirs["token"]))).status_code == 200

    async def test_the_last_use_is_told_to_the_minute(
        self, authed_client: httpx.AsyncClient, client: httpx.AsyncClient, clock: StandingClock
    ) -> None:
        token = await make_token(authed_client, "todos:read")
        client.headers.update(bearer(token["token"]))
        seen: list[str | None] = []

        for _ in range(4):
            seen.append((await authed_client.get("/auth/tokens")).json()["items"][0]["last_used_at"])
            await client.get("/todos")
            clock.advance(seconds=40)

        assert seen == [None, "2026-11-23T12:00:00Z", "2026-11-23T12:00:00Z", "2026-11-23T12:01:20Z"]

    async def test_a_token_acts_for_its_account(
        self, authed_client: httpx.AsyncClient, client: httpx.AsyncClient
    ) -> None:
        token = await make_token(authed_client, "todos:write")

        created = await client.post("/todos", json={"title": "From a program"}, headers=bearer(token["token"]))

        assert created.status_code == 201
        assert (await authed_client.get(created.headers["location"])).json() == created.json()

    @pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
    async def test_the_scheme_is_compared_without_case(
        self, authed_client: httpx.AsyncClient, client: httpx.AsyncClient, scheme: str
    ) -> None:
        token = await make_token(authed_client, "todos:read")

        response = await client.get("/todos", headers={"Authorization": f"{scheme} {token['token']}"})

        assert response.status_code == 200

    async def test_a_token_cannot_make_a_mightier_one(
        self, authed_client: httpx.AsyncClient, client: httpx.AsyncClient
    ) -> None:
        token = await make_token(authed_client, "account:write", "account:read")
        client.headers.update(bearer(token["token"]))
        body = {"name": "mightier", "scopes": ["account:write", "todos:read"]}

        refused = await client.post("/auth/tokens", json=body)
        allowed = await client.post("/auth/tokens", json=body | {"scopes": ["account:read"]})

        assert_problem(refused, 403, "forbidden")
        assert allowed.status_code == 201
        assert len((await client.get("/auth/tokens")).json()["items"]) == 2

    async def test_a_token_has_no_session_to_end(
        self, authed_client: httpx.AsyncClient, client: httpx.AsyncClient
    ) -> None:
        token = await make_token(authed_client, *EVERY_SCOPE)

        response = await client.post("/auth/logout", headers=bearer(token["token"]))

        assert_problem(response, 403, "forbidden")
        assert (await client.get("/me", headers=bearer(token["token"]))).status_code == 200

    @pytest.mark.parametrize("token", ["todo_pat_", "todo_pat_x", "todo_pat_ä", "todo_pat_" + "x" * 60_000])
    async def test_an_unknown_token_is_refused(self, client: httpx.AsyncClient, token: str) -> None:
        response = await client.get("/todos", headers={b"Authorization": f"Bearer {token}".encode()})

        assert_problem(response, 401, "unauthenticated")
        assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'
