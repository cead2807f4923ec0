"""Moving an account to another e-mail address, over HTTP."""

from typing import Any

import httpx
import pytest

from tests.api import assert_problem, bearer, log_in, make_token, publish, register, sign_in
from tests.harness import PASSWORD

OLD, NEW, TAKEN = "grace@example.com", "hopper@example.com", "ada@example.com"


class AddressApi:
    """``PATCH /me`` with ``email``."""

    async def test_one_signs_in_with_the_new_address_and_no_longer_with_the_old_one(
        self, client: httpx.AsyncClient
    ) -> None:
        await sign_in(client, OLD)
        before = (await client.get("/me")).json()

        response = await client.patch("/me", json={"email": " Hopper@Example.COM ", "password": PASSWORD})

        assert response.status_code == 200
        assert response.json() == before | {"email": NEW, "version": 2}
        assert response.headers["etag"] == '"2"'
        assert PASSWORD not in response.text
        assert (await client.get("/me")).json() == response.json()
        assert await log_in(client, NEW)
        old = await client.post("/auth/login", data={"username": OLD, "password": PASSWORD})
        assert_problem(old, 401, "wrong_credentials")

    async def test_the_old_address_is_free_for_others(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, OLD)
        await client.patch("/me", json={"email": NEW, "password": PASSWORD})

        await register(client, OLD)

    async def test_sessions_and_tokens_stay(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, OLD)
        other = await log_in(client, OLD)
        program = await make_token(client, "account:read")

        await client.patch("/me", json={"email": NEW, "password": PASSWORD})

        for token in (other["access_token"], program["token"]):
            assert (await client.get("/me", headers=bearer(token))).json()["email"] == NEW
        refreshed = await client.post("/auth/refresh", json={"refresh_token": other["refresh_token"]})
        assert refreshed.status_code == 200

    async def test_posts_keep_the_address_that_they_were_published_under(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, OLD)
        before = await publish(client)

        await client.patch("/me", json={"email": NEW, "password": PASSWORD})

        after = await publish(client)
        assert (before["author_email"], after["author_email"]) == (OLD, NEW)
        assert (await client.get(f"/posts/{before['id']}")).json() == before

    async def test_ones_own_address_in_whatever_spelling_makes_no_version(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, OLD)

        for same in (OLD, " GRACE@example.com ", "\uff47race@example.com"):
            response = await client.patch("/me", json={"email": same, "password": PASSWORD})

            assert (response.status_code, response.json()["version"], response.json()["email"]) == (200, 1, OLD)

    @pytest.mark.parametrize(
        ("patch", "status", "code", "pointer"),
        [
            ({"email": NEW, "password": "wrong"}, 403, "wrong_password", None),
            ({"email": NEW, "password": ""}, 403, "wrong_password", None),
            ({"email": NEW, "password": "x" * 100_000}, 403, "wrong_password", None),
            ({"email": OLD, "password": "wrong"}, 403, "wrong_password", None),
            ({"email": NEW}, 422, "invalid", "/password"),
            ({"email": NEW, "password": None}, 422, "invalid", "/password"),
            ({"email": None, "password": PASSWORD}, 422, "invalid", "/email"),
            ({"password": PASSWORD}, 422, "invalid", "/password"),
            ({"email": "nobody", "password": PASSWORD}, 422, "invalid", "/email"),
            ({"email": "x" * 100_000, "password": PASSWORD}, 422, "invalid", "/email"),
            ({"email": "a\0b@example.com", "password": PASSWORD}, 422, "invalid", "/email"),
            ({"email": TAKEN, "password": PASSWORD}, 409, "email_taken", None),
            ({"email": " ADA@example.com", "password": PASSWORD}, 409, "email_taken", None),
            ({"email": "\uff41da@example.com", "password": PASSWORD}, 409, "email_taken", None),
            ({"email": NEW, "password": PASSWORD, "time_zone": "Mars"}, 422, "invalid", "/time_zone"),
        ],
        ids=lambda value: str(value)[:60],
    )
    async def test_a_move_that_is_refused_changes_nothing(
        self, client: httpx.AsyncClient, patch: dict[str, Any], status: int, code: str, pointer: str | None
    ) -> None:
        await register(client, TAKEN)
        await sign_in(client, OLD)
        before = (await client.get("/me")).json()

        response = await client.patch("/me", json={"display_name": "Grace"} | patch)

        assert_problem(response, status, code, pointer=pointer)
        assert (await client.get("/me")).json() == before
        assert await log_in(client, OLD)

    async def test_nobody_moves_to_an_address_that_their_password_gives_away(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, OLD, "rear-admiral")

        response = await client.patch("/me", json={"email": "Rear-Admiral@example.com", "password": "rear-admiral"})

        assert_problem(response, 422, "guessable_password", pointer="/email")

    async def test_only_the_version_that_was_seen_moves(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, OLD)
        await client.patch("/me", json={"display_name": "Grace"})
        move = {"email": NEW, "password": PASSWORD}

        stale = await client.patch("/me", json=move, headers={"If-Match": '"1"'})
        excluded = await client.patch("/me", json=move, headers={"If-None-Match": '"2"'})
        unconfirmed = await client.patch("/me", json=move | {"password": "wrong"}, headers={"If-Match": '"1"'})
        current = await client.patch("/me", json=move, headers={"If-Match": '"2"'})

        assert_problem(stale, 412, "version_mismatch")
        assert_problem(excluded, 412, "version_mismatch")
        assert_problem(unconfirmed, 403, "wrong_password")
        assert (current.status_code, current.json()["email"], current.headers["etag"]) == (200, NEW, '"3"')

    async def test_a_program_that_may_write_the_account_still_needs_the_password(
        self, client: httpx.AsyncClient
    ) -> None:
        await sign_in(client, OLD)
        writer = bearer((await make_token(client, "account:write"))["token"])
        reader = bearer((await make_token(client, "account:read"))["token"])
        move = {"email": NEW, "password": PASSWORD}

        assert_problem(await client.patch("/me", json=move, headers=reader), 403, "insufficient_scope")
        assert_problem(
            await client.patch("/me", json=move | {"password": "wrong"}, headers=writer), 403, "wrong_password"
        )
        assert (await client.patch("/me", json=move, headers=writer)).status_code == 200
