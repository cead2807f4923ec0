"""Who may call what, over HTTP: access tokens, and the scope that each route needs."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from litestar import Litestar

from domain.accounts.model import Account
from domain.authentication.principal import TokenScope
from tests.api import Json, a_jwt, assert_problem, bearer, claims_of, log_in, make_token, routes_of, sign_in
from tests.clock import NOON, StandingClock

NOON_IN_SECONDS = int(NOON.timestamp())


class AccessTokensApi:
    """JSON Web Tokens as bearer tokens."""

    async def test_a_token_says_whose_it_is_and_when_it_ends(self, client: httpx.AsyncClient) -> None:
        tokens = await sign_in(client)

        claims = claims_of(tokens["access_token"])

        account_id = (await client.get("/me")).json()["id"]
        assert claims == {
            "iss": "todo-api",
            "aud": "todo-api",
            "sub": str(account_id),
            "sid": claims["sid"],
            "sst": NOON_IN_SECONDS * 1_000_000,
            "jti": claims["jti"],
            "iat": NOON_IN_SECONDS,
            "exp": NOON_IN_SECONDS + 15 * 60,
        }

    async def test_no_two_tokens_have_the_same_id(self, client: httpx.AsyncClient) -> None:
        first = await sign_in(client)
        second = await client.post("/auth/refresh", json={"refresh_token": first["refresh_token"]})

        assert claims_of(first["access_token"])["jti"] != claims_of(second.json()["access_token"])["jti"]

    @pytest.mark.parametrize(("age", "status"), [(0, 200), (15 * 60 + 9, 200), (15 * 60 + 10, 401), (86_400, 401)])
    async def test_a_token_is_good_for_fifteen_minutes_and_ten_seconds_of_leeway(
        self, client: httpx.AsyncClient, clock: StandingClock, age: int, status: int
    ) -> None:
        await sign_in(client)

        clock.advance(seconds=age)
        response = await client.get("/me")

        assert response.status_code == status

    async def test_a_token_that_was_used_shortly_before_expires_all_the_same(
        self, client: httpx.AsyncClient, clock: StandingClock
    ) -> None:
        await sign_in(client)
        clock.advance(minutes=15, seconds=9)
        before = await client.get("/me")

        clock.advance(seconds=1)
        after = await client.get("/me")

        assert before.status_code == 200
        assert_problem(after, 401, "unauthenticated")

    @pytest.mark.parametrize(("ahead", "status"), [(10, 200), (11, 401), (86_400, 401)])
    async def test_a_token_from_a_clock_that_is_ahead_is_good_within_the_leeway(
        self, client: httpx.AsyncClient, clock: StandingClock, ahead: int, status: int
    ) -> None:
        await sign_in(client)

        clock.now -= timedelta(seconds=ahead)
        response = await client.get("/me")

        assert response.status_code == status

    @pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", "HS384", "HS512", "RS256", "ES256"])
    async def test_a_token_of_another_algorithm_is_refused(self, client: httpx.AsyncClient, algorithm: str) -> None:
        claims = claims_of((await sign_in(client))["access_token"])

        await assert_refused(client, a_jwt(claims, algorithm=algorithm))

    async def test_a_token_made_by_the_tests_is_as_good_as_a_real_one(self, client: httpx.AsyncClient) -> None:
        claims = claims_of((await sign_in(client))["access_token"])

        response = await client.get("/me", headers=bearer(a_jwt(claims)))

        assert response.status_code == 200

    async def test_a_token_that_somebody_else_signed_is_refused(self, client: httpx.AsyncClient) -> None:
        claims = claims_of((await sign_in(client))["access_token"])

        await assert_refused(client, a_jwt(claims, secret="x" * 64))

    @pytest.mark.parametrize("part", [0, 1, 2])
    async def test_a_token_that_was_tampered_with_is_refused(self, client: httpx.AsyncClient, part: int) -> None:
        token = (await sign_in(client))["access_token"]
        parts = token.split(".")

        parts[part] = ("f" if parts[part][0] != "f" else "g") + parts[part][1:]

        await assert_refused(client, ".".join(parts))

    @pytest.mark.parametrize(
        "change",
        [
            {"iss": "somebody-else"},
            {"aud": "something-else"},
            {"aud": ["something-else"]},
            {"sub": "987654321"},
            {"sub": "x"},
            {"sub": str(2**80)},
            {"sub": None},
            {"sid": 987654321},
            {"sid": "x"},
            {"sid": -1},
            {"sid": 2**80},
            {"exp": NOON_IN_SECONDS - 10},
            {"exp": "soon"},
            {"exp": 1e300},
            {"exp": -(2**60)},
            {"iat": NOON_IN_SECONDS + 11},
            {"iat": None},
            {"nbf": NOON_IN_SECONDS + 10**9},
        ],
        ids=str,
    )
    async def test_a_token_with_other_claims_is_refused(self, client: httpx.AsyncClient, change: Json) -> None:
        claims = claims_of((await sign_in(client))["access_token"])

        await assert_refused(client, a_jwt(claims | change))

    @pytest.mark.parametrize("claim", ["iss", "aud", "sub", "sid", "jti", "iat", "exp"])
    async def test_a_token_without_a_claim_is_refused(self, client: httpx.AsyncClient, claim: str) -> None:
        claims = claims_of((await sign_in(client))["access_token"])

        await assert_refused(client, a_jwt({name: value for name, value in claims.items() if name != claim}))

    async def test_a_token_of_somebody_elses_session_is_refused(self, client: httpx.AsyncClient, user: Account) -> None:
        claims = claims_of((await sign_in(client))["access_token"])

        await assert_refused(client, a_jwt(claims | {"sub": str(user.id)}))

    @pytest.mark.parametrize("token", ["x", "..", "e30.e30.", "a.b.c", "null", "ä", "x" * 60_000])
    async def test_what_is_no_token_is_refused(self, client: httpx.AsyncClient, token: str) -> None:
        response = await client.get("/me", headers={b"Authorization": f"Bearer {token}".encode()})

        assert_problem(response, 401, "unauthenticated")

    @pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Basic YTpi", "{token}", "Basic {token}"])
    async def test_another_way_of_saying_who_one_is_is_none(
        self, client: httpx.AsyncClient, authorization: str
    ) -> None:
        token = (await sign_in(client))["access_token"]

        response = await client.get("/me", headers={"Authorization": authorization.replace("{token}", token)})

        assert_problem(response, 401, "unauthenticated")
        assert response.headers["www-authenticate"] == "Bearer"

    async def test_of_several_authorization_headers_the_first_counts_alone(
        self, client: httpx.AsyncClient, anonymous_client: httpx.AsyncClient, user: Account
    ) -> None:
        graces = f"Bearer {(await sign_in(client))['access_token']}"
        adas = f"Bearer {(await log_in(anonymous_client, user.email))['access_token']}"

        for first, second, email in [(graces, adas, "grace@example.com"), (adas, graces, user.email)]:
            response = await anonymous_client.get("/me", headers=[("Authorization", first), ("Authorization", second)])
            assert response.json()["email"] == email
        for forged in ("Bearer x", "Bearer", "", "Basic YTpi", f"Bearer {'x' * 5_000}", f"x, {graces}", f"{graces}, x"):
            response = await anonymous_client.get("/me", headers=[("Authorization", forged), ("Authorization", graces)])
            assert_problem(response, 401, "unauthenticated")

    async def test_a_token_in_a_cookie_or_a_query_is_not_looked_at(
        self, client: httpx.AsyncClient, anonymous_client: httpx.AsyncClient
    ) -> None:
        token = (await sign_in(client))["access_token"]

        response = await anonymous_client.get(
            "/me", params={"access_token": token}, headers={"Cookie": f"token={token}; access_token={token}"}
        )

        assert_problem(response, 401, "unauthenticated")


class ScopesApi:
    """A table over every route there is: what it needs. ``api_idor`` has who does not get anywhere."""

    async def test_every_public_route_lets_a_bad_token_pass(
        self, app: Litestar, anonymous_client: httpx.AsyncClient
    ) -> None:
        routes = [route for route in routes_of(app) if route.scope is None and route.method == "GET"]
        assert routes

        for route in routes:
            response = await anonymous_client.get(route.with_id(1), headers=bearer("x"))

            assert response.status_code in {200, 404}, route

    @pytest.mark.parametrize("scope", sorted(TokenScope))
    async def test_a_token_is_good_for_the_routes_of_its_scope_and_no_others(
        self, app: Litestar, authed_client: httpx.AsyncClient, anonymous_client: httpx.AsyncClient, scope: TokenScope
    ) -> None:
        token = await make_token(authed_client, scope)
        routes = [route for route in routes_of(app) if route.scope is not None]
        assert any(route.scope == scope for route in routes)

        for route in routes:
            response = await anonymous_client.request(
                route.method, route.with_id(987_654_321), headers=bearer(token["token"])
            )

            if route.scope == scope:
                # Nothing is sent and nothing is there: whoever is let in gets that far.
                assert response.status_code in {200, 400, 404, 415}, route
            else:
                assert_problem(response, 403, "insufficient_scope")
                expected: Any = f'Bearer error="insufficient_scope", scope="{route.scope}"'
                assert response.headers["www-authenticate"] == expected

    @pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
    async def test_a_token_that_may_read_changes_nothing(
        self, authed_client: httpx.AsyncClient, anonymous_client: httpx.AsyncClient, method: str
    ) -> None:
        todo = (await authed_client.post("/todos", json={"title": "Buy oat milk"})).json()
        token = await make_token(authed_client, "todos:read", "account:read")
        url = "/todos" if method == "POST" else f"/todos/{todo['id']}"
        body = None if method == "DELETE" else {"title": "Other"}

        response = await anonymous_client.request(method, url, json=body, headers=bearer(token["token"]))

        assert_problem(response, 403, "insufficient_scope")
        assert (await authed_client.get("/todos")).json()["items"] == [todo]


async def assert_refused(client: httpx.AsyncClient, token: str) -> None:
    """Assert that a bearer token is worth nothing, and that the answer says so."""
    response = await client.get("/me", headers=bearer(token))
    assert_problem(response, 401, "unauthenticated")
    assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'
