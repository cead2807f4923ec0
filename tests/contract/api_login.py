"""Signing in and out over HTTP."""

import httpx
import pytest

from domain.accounts.model import NewAccount
from domain.store import Store
from tests.api import assert_problem, bearer, log_in, register, sign_in
from tests.clock import NOON
from tests.contract.api_sessions import assert_refused
from tests.harness import PASSWORD, quick_hash

EMAIL = "grace@example.com"


class LoginApi:
    """``POST /auth/login``."""

    async def test_signing_in_gives_a_pair_of_tokens_that_nobody_stores(self, client: httpx.AsyncClient) -> None:
        await register(client, EMAIL)

        response = await client.post("/auth/login", data={"username": EMAIL, "password": PASSWORD})

        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
        assert sorted(response.json()) == ["access_token", "expires_in", "refresh_token", "token_type"]
        assert response.json()["token_type"] == "bearer"
        assert response.json()["expires_in"] == 900
        me = await client.get("/me", headers=bearer(response.json()["access_token"]))
        assert me.json()["email"] == EMAIL

    async def test_the_address_is_trimmed_and_compared_without_case(self, client: httpx.AsyncClient) -> None:
        await register(client, EMAIL)

        assert await log_in(client, " GRACE@example.com ")

    @pytest.mark.parametrize(
        "extra", [{"grant_type": "password"}, {"scope": "", "client_id": "x", "client_secret": ""}]
    )
    async def test_the_other_fields_of_the_password_flow_are_understood_or_ignored(
        self, client: httpx.AsyncClient, extra: dict[str, str]
    ) -> None:
        await register(client, EMAIL)

        response = await client.post("/auth/login", data={"username": EMAIL, "password": PASSWORD} | extra)

        assert response.status_code == 200

    @pytest.mark.parametrize("username", [EMAIL, "nobody@example.com", "no address", "", "x" * 100_000])
    async def test_a_wrong_password_and_an_unknown_address_look_the_same(
        self, client: httpx.AsyncClient, username: str
    ) -> None:
        await register(client, EMAIL)
        expected = await client.post("/auth/login", data={"username": EMAIL, "password": "wrong password"})

        response = await client.post("/auth/login", data={"username": username, "password": "another wrong one"})

        assert_problem(response, 401, "wrong_credentials")
        assert response.headers["www-authenticate"] == "Bearer"
        assert response.headers["cache-control"] == "no-store"
        own = {"request_id": "", "x-request-id": ""}
        assert response.json() | own == expected.json() | own
        assert dict(response.headers) | own == dict(expected.headers) | own

    @pytest.mark.parametrize(
        ("form", "pointer"),
        [
            ({"username": EMAIL}, "/password"),
            ({"password": PASSWORD}, "/username"),
            ({"username": EMAIL, "password": PASSWORD, "grant_type": "refresh_token"}, "/grant_type"),
        ],
        ids=str,
    )
    async def test_a_form_that_does_not_fit_is_refused(
        self, client: httpx.AsyncClient, form: dict[str, str], pointer: str
    ) -> None:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}

        response = await client.post("/auth/login", data=form, headers=headers)

        assert_problem(response, 422, "invalid", pointer=pointer)

    async def test_json_is_no_form(self, client: httpx.AsyncClient) -> None:
        response = await client.post("/auth/login", json={"username": EMAIL, "password": PASSWORD})

        assert_problem(response, 415, "unsupported_media_type")

    async def test_a_field_that_stands_twice_is_refused(self, client: httpx.AsyncClient) -> None:
        response = await client.post("/auth/login", data={"username": [EMAIL, "x"], "password": PASSWORD})

        assert_problem(response, 400, "bad_request")


class LogoutApi:
    """``POST /auth/logout``."""

    async def test_a_bearer_token_ends_its_session(self, client: httpx.AsyncClient) -> None:
        tokens = await sign_in(client)
        other = await log_in(client, EMAIL)

        response = await client.post("/auth/logout")

        assert response.status_code == 204
        assert_problem(await client.get("/me"), 401, "unauthenticated")
        await assert_refused(client, tokens["refresh_token"])
        assert (await client.get("/me", headers=bearer(other["access_token"]))).status_code == 200

    async def test_a_refresh_token_ends_its_session(
        self, client: httpx.AsyncClient, anonymous_client: httpx.AsyncClient
    ) -> None:
        tokens = await sign_in(client)

        response = await anonymous_client.post("/auth/logout", json={"refresh_token": tokens["refresh_token"]})

        assert response.status_code == 204
        assert_problem(await client.get("/me"), 401, "unauthenticated")
        await assert_refused(client, tokens["refresh_token"])

    @pytest.mark.parametrize("token", ["", "x", "todo_refresh_a.b"])
    async def test_an_unknown_refresh_token_is_no_error(self, client: httpx.AsyncClient, token: str) -> None:
        response = await client.post("/auth/logout", json={"refresh_token": token})

        assert response.status_code == 204

    async def test_signing_out_twice_with_a_refresh_token_is_no_error(self, client: httpx.AsyncClient) -> None:
        tokens = await sign_in(client)

        responses = [
            await client.post("/auth/logout", json={"refresh_token": tokens["refresh_token"]}) for _ in range(2)
        ]

        assert [response.status_code for response in responses] == [204, 204]

    async def test_somebody_has_to_say_who_signs_out(self, anonymous_client: httpx.AsyncClient) -> None:
        response = await anonymous_client.post("/auth/logout")

        assert_problem(response, 401, "unauthenticated")
        assert response.headers["www-authenticate"] == "Bearer"

    async def test_a_compatibility_form_of_an_address_is_the_same_account(self, client: httpx.AsyncClient) -> None:
        account = await register(client, "ada.lovelace@example.com")

        again = await client.post(
            "/auth/register", json={"email": "\uff41\uff44\uff41.lovelace@example.com", "password": PASSWORD}
        )
        tokens = await log_in(client, "\uff21\uff24\uff21.lovelace@example.com")
        me = await client.get("/me", headers=bearer(tokens["access_token"]))

        assert_problem(again, 409, "email_taken")
        assert me.json()["id"] == account["id"]

    async def test_an_account_from_before_that_keeps_its_address(self, client: httpx.AsyncClient, store: Store) -> None:
        old = await store.accounts.add(
            NewAccount(
                email="\uff41\uff44\uff41@example.net", password_hash=await quick_hash(PASSWORD), created_at=NOON
            )
        )
        plain = await register(client, "ada@example.net")

        found = [
            (await client.get("/me", headers=bearer((await log_in(client, email))["access_token"]))).json()["id"]
            for email in ("\uff21\uff44\uff41@example.net", "ada@example.net")
        ]

        assert found == [old.id, plain["id"]]
