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
            ({"client_id": "x"}, "/username"),
            ({"username": EMAIL, "password": PASSWORD, "grant_type": "refresh_token"}, "/refresh_token"),
            ({"grant_type": "refresh_token", "refresh_token": "x" * 501}, "/refresh_token"),
        ],
        ids=str,
    )
    async def test_a_form_that_does_not_fit_is_refused(
        self, client: httpx.AsyncClient, form: dict[str, str], pointer: str
    ) -> None:
        response = await client.post("/auth/login", data=form)

        assert_problem(response, 400, "invalid", pointer=pointer)
        assert_oauth_error(response, "invalid_request")

    @pytest.mark.parametrize("grant_type", ["authorization_code", "client_credentials", "Password", " "])
    async def test_another_grant_is_refused(self, client: httpx.AsyncClient, grant_type: str) -> None:
        response = await client.post(
            "/auth/login", data={"username": EMAIL, "password": PASSWORD, "grant_type": grant_type}
        )

        assert_problem(response, 400, "unsupported_grant_type")
        assert_oauth_error(response, "unsupported_grant_type")

    async def test_json_is_no_form(self, client: httpx.AsyncClient) -> None:
        response = await client.post("/auth/login", json={"username": EMAIL, "password": PASSWORD})

        assert_problem(response, 415, "unsupported_media_type")
        assert_oauth_error(response, "invalid_request")

    async def test_a_field_that_stands_twice_is_refused(self, client: httpx.AsyncClient) -> None:
        response = await client.post("/auth/login", data={"username": [EMAIL, "x"], "password": PASSWORD})

        assert_problem(response, 400, "bad_request")
        assert_oauth_error(response, "invalid_request")

    async def test_no_body_is_no_form(self, client: httpx.AsyncClient) -> None:
        response = await client.post("/auth/login")

        assert_problem(response, 400, "bad_request")
        assert_oauth_error(response, "invalid_request")

    async def test_a_wrong_password_is_an_invalid_grant(self, client: httpx.AsyncClient) -> None:
        response = await client.post("/auth/login", data={"username": EMAIL, "password": "wrong password"})

        assert_problem(response, 401, "wrong_credentials")
        assert_oauth_error(response, "invalid_grant")

    async def test_the_grant_of_a_refresh_token_gives_the_next_pair(self, client: httpx.AsyncClient) -> None:
        await register(client, EMAIL)
        first = await log_in(client, EMAIL)

        response = await client.post("/auth/login", data=refresh_grant(first["refresh_token"], client_id="x", scope=""))

        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
        assert sorted(response.json()) == sorted(first)
        me = await client.get("/me", headers=bearer(response.json()["access_token"]))
        assert me.json()["email"] == EMAIL

    async def test_both_ways_to_refresh_are_one_exchange(self, client: httpx.AsyncClient) -> None:
        await register(client, EMAIL)
        first = await log_in(client, EMAIL)

        by_form = await client.post("/auth/login", data=refresh_grant(first["refresh_token"]))
        by_json = await client.post("/auth/refresh", json={"refresh_token": first["refresh_token"]})

        assert by_form.json()["refresh_token"] == by_json.json()["refresh_token"]

    @pytest.mark.parametrize("token", ["", "x", "todo_refresh_a.b"])
    async def test_a_refresh_token_that_is_no_good_is_an_invalid_grant(
        self, client: httpx.AsyncClient, token: str
    ) -> None:
        response = await client.post("/auth/login", data=refresh_grant(token))

        assert_problem(response, 400, "invalid_refresh_token")
        assert_oauth_error(response, "invalid_grant")


class AuthorizationServerApi:
    """``GET /.well-known/oauth-authorization-server`` (RFC 8414)."""

    async def test_what_it_names_is_there(self, anonymous_client: httpx.AsyncClient) -> None:
        described = (await anonymous_client.get("/.well-known/oauth-authorization-server")).json()

        base = str(anonymous_client.base_url).rstrip("/")
        assert described["issuer"] == base
        assert described["grant_types_supported"] == ["password", "refresh_token"]
        token = await anonymous_client.post(described["token_endpoint"], data={"grant_type": "nonsense"})
        revocation = await anonymous_client.post(described["revocation_endpoint"], data={"token": "nonsense"})
        docs = await anonymous_client.get(described["service_documentation"])
        assert (token.json()["error"], revocation.status_code, docs.status_code) == ("unsupported_grant_type", 200, 200)


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

        assert (response.status_code, response.json()) == (200, {"revoked": False})

    async def test_signing_out_twice_with_a_refresh_token_is_no_error(self, client: httpx.AsyncClient) -> None:
        tokens = await sign_in(client)

        responses = [
            await client.post("/auth/logout", json={"refresh_token": tokens["refresh_token"]}) for _ in range(2)
        ]

        assert [response.status_code for response in responses] == [204, 200]

    @pytest.mark.parametrize("kind", ["refresh_token", "access_token"])
    async def test_a_token_is_revoked_by_form(
        self, client: httpx.AsyncClient, anonymous_client: httpx.AsyncClient, kind: str
    ) -> None:
        tokens = await sign_in(client)
        form = {"token": tokens[kind], "token_type_hint": kind, "client_id": "x"}

        responses = [await anonymous_client.post("/auth/logout", data=form) for _ in range(2)]

        assert [response.status_code for response in responses] == [200, 200]
        assert [response.json() for response in responses] == [{"revoked": True}, {"revoked": False}]
        assert_problem(await client.get("/me"), 401, "unauthenticated")
        await assert_refused(client, tokens["refresh_token"])

    async def test_an_api_token_has_no_session_to_end(self, client: httpx.AsyncClient) -> None:
        await sign_in(client)
        made = await client.post("/auth/tokens", json={"name": "backup", "scopes": ["account:read"]})

        response = await client.post("/auth/logout", data={"token": made.json()["token"]})

        assert (response.status_code, response.json()) == (200, {"revoked": False})
        assert (await client.get("/me", headers=bearer(made.json()["token"]))).status_code == 200

    async def test_an_object_without_a_token_is_no_other_than_no_body(self, client: httpx.AsyncClient) -> None:
        await sign_in(client)

        response = await client.post("/auth/logout", json={})

        assert response.status_code == 204
        assert_problem(await client.get("/me"), 401, "unauthenticated")

    async def test_somebody_has_to_say_who_signs_out(self, anonymous_client: httpx.AsyncClient) -> None:
        response = await anonymous_client.post("/auth/logout")

        assert_problem(response, 401, "unauthenticated")
        assert_oauth_error(response, "invalid_request")
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


def refresh_grant(token: str, **others: str) -> dict[str, str]:
    """Return the form that exchanges a refresh token."""
    return {"grant_type": "refresh_token", "refresh_token": token, **others}


def assert_oauth_error(response: httpx.Response, error: str) -> None:
    """See that clients of OAuth 2.0 find what they look for."""
    said = response.json()
    assert (said["error"], said["error_description"]) == (error, said["detail"])
