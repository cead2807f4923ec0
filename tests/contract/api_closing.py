"""Changing passwords and closing accounts over HTTP."""

import httpx
import pytest

from tests.api import assert_problem, bearer, create_todo, log_in, make_token, publish, sign_in
from tests.harness import PASSWORD


class PasswordApi:
    """``POST /me/password``."""

    async def test_a_new_password_replaces_the_old_one_and_ends_the_other_sessions(
        self, client: httpx.AsyncClient
    ) -> None:
        await sign_in(client)
        other = await log_in(client, "grace@example.com")

        response = await client.post(
            "/me/password", json={"old_password": PASSWORD, "new_password": "staple battery horse"}
        )

        assert response.status_code == 204
        assert (await client.get("/me")).status_code == 200
        assert_problem(await client.get("/me", headers=bearer(other["access_token"])), 401, "unauthenticated")
        assert_problem(
            await client.post("/auth/refresh", json={"refresh_token": other["refresh_token"]}),
            401,
            "invalid_refresh_token",
        )
        old = await client.post("/auth/login", data={"username": "grace@example.com", "password": PASSWORD})
        assert_problem(old, 401, "wrong_credentials")
        assert await log_in(client, "grace@example.com", "staple battery horse")

    @pytest.mark.parametrize(
        ("body", "status", "code", "pointer"),
        [
            ({"old_password": "wrong", "new_password": "staple battery horse"}, 403, "wrong_password", None),
            ({"old_password": PASSWORD, "new_password": "short"}, 422, "invalid", "/new_password"),
            ({"old_password": PASSWORD, "new_password": "x" * 257}, 422, "invalid", "/new_password"),
            ({"old_password": PASSWORD, "new_password": "Password1"}, 422, "guessable_password", "/new_password"),
            (
                {"old_password": PASSWORD, "new_password": "grace@example.com"},
                422,
                "guessable_password",
                "/new_password",
            ),
            ({"new_password": "staple battery horse"}, 422, "invalid", "/old_password"),
            ({"old_password": PASSWORD}, 422, "invalid", "/new_password"),
        ],
        ids=["wrong", "short", "long", "common", "one's address", "without the old one", "without a new one"],
    )
    async def test_a_change_that_is_refused_changes_nothing(
        self, client: httpx.AsyncClient, body: dict[str, str], status: int, code: str, pointer: str | None
    ) -> None:
        await sign_in(client)
        other = await log_in(client, "grace@example.com")

        response = await client.post("/me/password", json=body)

        assert_problem(response, status, code, pointer=pointer)
        assert (await client.get("/me", headers=bearer(other["access_token"]))).status_code == 200
        assert await log_in(client, "grace@example.com", PASSWORD)


class ClosingApi:
    """``DELETE /me``."""

    async def test_closing_an_account_removes_everything_of_it(
        self, client: httpx.AsyncClient, anonymous_client: httpx.AsyncClient
    ) -> None:
        tokens = await sign_in(client)
        program = await make_token(client, "todos:read")
        await create_todo(client)
        post = await publish(client)

        response = await client.request("DELETE", "/me", json={"password": PASSWORD})

        assert response.status_code == 204
        assert_problem(await client.get("/me"), 401, "unauthenticated")
        assert_problem(await client.get("/todos", headers=bearer(program["token"])), 401, "unauthenticated")
        refreshed = await client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
        assert_problem(refreshed, 401, "invalid_refresh_token")
        credentials = {"username": "grace@example.com", "password": PASSWORD}
        assert_problem(await anonymous_client.post("/auth/login", data=credentials), 401, "wrong_credentials")
        assert_problem(await anonymous_client.get(f"/posts/{post['id']}"), 404, "not_found")

    async def test_somebody_who_comes_back_finds_nothing(self, client: httpx.AsyncClient) -> None:
        await sign_in(client)
        await create_todo(client)
        await client.request("DELETE", "/me", json={"password": PASSWORD})

        await sign_in(client)

        assert (await client.get("/todos?include=count")).json()["total"] == 0

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"password": "wrong"}, 403, "wrong_password"),
            ({"password": ""}, 403, "wrong_password"),
            ({}, 422, "invalid"),
            ({"password": None}, 422, "invalid"),
        ],
        ids=str,
    )
    async def test_without_the_password_nothing_is_removed(
        self, authed_client: httpx.AsyncClient, body: dict[str, str], status: int, code: str
    ) -> None:
        todo = await create_todo(authed_client)

        response = await authed_client.request("DELETE", "/me", json=body)

        assert_problem(response, status, code)
        assert (await authed_client.get("/todos")).json()["items"] == [todo]

    async def test_a_request_without_a_body_removes_nothing(self, authed_client: httpx.AsyncClient) -> None:
        response = await authed_client.delete("/me")

        assert response.status_code in {400, 415}
        assert (await authed_client.get("/me")).status_code == 200
