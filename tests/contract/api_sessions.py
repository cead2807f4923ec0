"""Refresh tokens and sessions over HTTP."""

import httpx
import pytest

from domain.accounts.model import Account
from tests.api import assert_problem, bearer, claims_of, log_in, sign_in
from tests.clock import StandingClock

EMAIL = "grace@example.com"


class RefreshApi:
    """``POST /auth/refresh``."""

    async def test_a_refresh_token_is_exchanged_for_a_new_pair(self, client: httpx.AsyncClient) -> None:
        first = await sign_in(client)

        response = await client.post("/auth/refresh", json={"refresh_token": first["refresh_token"]})

        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
        second = response.json()
        assert sorted(second) == sorted(first)
        assert second["refresh_token"] != first["refresh_token"]
        assert second["access_token"] != first["access_token"]
        assert claims_of(second["access_token"])["sid"] == claims_of(first["access_token"])["sid"]
        assert (await client.get("/me", headers=bearer(second["access_token"]))).status_code == 200

    async def test_the_same_exchange_within_ten_seconds_gives_the_same_refresh_token(
        self, client: httpx.AsyncClient, clock: StandingClock
    ) -> None:
        first = await sign_in(client)
        second = await refresh(client, first["refresh_token"])
        clock.advance(seconds=10)

        again = await refresh(client, first["refresh_token"])

        assert again == second
        assert await refresh(client, second)

    async def test_a_token_that_is_used_again_after_ten_seconds_ends_the_session(
        self, client: httpx.AsyncClient, clock: StandingClock
    ) -> None:
        first = await sign_in(client)
        second = await refresh(client, first["refresh_token"])
        clock.advance(seconds=10, microseconds=1)

        await assert_refused(client, first["refresh_token"])

        await assert_refused(client, second)
        assert_problem(await client.get("/me"), 401, "unauthenticated")
        assert await log_in(client, EMAIL)

    async def test_a_token_whose_successor_was_used_ends_the_session_at_once(self, client: httpx.AsyncClient) -> None:
        first = await sign_in(client)
        second = await refresh(client, first["refresh_token"])
        third = await refresh(client, second)

        await assert_refused(client, first["refresh_token"])

        await assert_refused(client, third)

    async def test_a_stolen_token_ends_no_other_session(self, client: httpx.AsyncClient, clock: StandingClock) -> None:
        first = await sign_in(client)
        other = await log_in(client, EMAIL)
        await refresh(client, first["refresh_token"])
        clock.advance(seconds=11)

        await assert_refused(client, first["refresh_token"])

        assert await refresh(client, other["refresh_token"])

    async def test_a_forged_second_half_ends_the_session(self, client: httpx.AsyncClient) -> None:
        first = await sign_in(client)

        await assert_refused(client, first["refresh_token"] + "x")

        await assert_refused(client, first["refresh_token"])

    async def test_a_refresh_token_lives_thirty_days_from_its_last_use(
        self, client: httpx.AsyncClient, clock: StandingClock
    ) -> None:
        first = await sign_in(client)

        clock.advance(days=30, microseconds=-1)
        second = await refresh(client, first["refresh_token"])
        clock.advance(days=30, microseconds=-1)
        third = await refresh(client, second)
        clock.advance(days=30)

        await assert_refused(client, third)

    @pytest.mark.parametrize(
        "token", ["", "x", "todo_refresh_", "todo_refresh_.", "todo_refresh_a.b", "todo_refresh_ä.b", "eyJhbGciOiJI"]
    )
    async def test_what_is_no_refresh_token_is_refused(self, client: httpx.AsyncClient, token: str) -> None:
        await assert_refused(client, token)

    async def test_an_access_token_is_no_refresh_token(self, client: httpx.AsyncClient) -> None:
        tokens = await sign_in(client)

        await assert_refused(client, tokens["access_token"])
        assert_problem(await client.get("/me", headers=bearer(tokens["refresh_token"])), 401, "unauthenticated")


class SessionsApi:
    """``GET /auth/sessions`` and ``DELETE /auth/sessions/{id}``."""

    async def test_sessions_are_listed_by_their_last_use(self, client: httpx.AsyncClient, clock: StandingClock) -> None:
        await sign_in(client)
        clock.advance(minutes=1)
        phone = await log_in(client, EMAIL, **{"User-Agent": "Phone/1.0 \t"})
        clock.advance(minutes=1)

        response = await client.get("/auth/sessions", headers=bearer(phone["access_token"]))

        assert response.status_code == 200
        newest, oldest = response.json()["items"]
        assert newest == {
            "id": claims_of(phone["access_token"])["sid"],
            "user_agent": "Phone/1.0 ",
            "created_at": "2026-11-23T12:01:00Z",
            "last_used_at": "2026-11-23T12:01:00Z",
            "expires_at": "2026-12-23T12:01:00Z",
            "current": True,
        }
        assert oldest["current"] is False

    async def test_a_session_that_was_refreshed_comes_first(
        self, client: httpx.AsyncClient, clock: StandingClock
    ) -> None:
        first = await sign_in(client)
        await log_in(client, EMAIL)
        clock.advance(minutes=1)
        await refresh(client, first["refresh_token"])

        items = (await client.get("/auth/sessions")).json()["items"]

        assert [item["current"] for item in items] == [True, False]
        assert items[0]["created_at"] == "2026-11-23T12:00:00Z"
        assert items[0]["last_used_at"] == "2026-11-23T12:01:00Z"

    async def test_an_expired_session_is_not_listed(self, client: httpx.AsyncClient, clock: StandingClock) -> None:
        await sign_in(client)
        clock.advance(days=30)
        client.headers.update(bearer((await log_in(client, EMAIL))["access_token"]))

        items = (await client.get("/auth/sessions")).json()["items"]

        assert [item["current"] for item in items] == [True]

    async def test_a_session_that_was_revoked_is_worth_nothing(self, client: httpx.AsyncClient) -> None:
        await sign_in(client)
        other = await log_in(client, EMAIL)
        session_id = claims_of(other["access_token"])["sid"]

        response = await client.delete(f"/auth/sessions/{session_id}")

        assert response.status_code == 204
        assert_problem(await client.get("/me", headers=bearer(other["access_token"])), 401, "unauthenticated")
        await assert_refused(client, other["refresh_token"])
        assert_problem(await client.delete(f"/auth/sessions/{session_id}"), 404, "not_found")
        assert len((await client.get("/auth/sessions")).json()["items"]) == 1

    async def test_somebody_elses_session_does_not_exist(
        self, client: httpx.AsyncClient, anonymous_client: httpx.AsyncClient, user: Account
    ) -> None:
        await sign_in(client)
        theirs = await log_in(anonymous_client, user.email)

        response = await client.delete(f"/auth/sessions/{claims_of(theirs['access_token'])['sid']}")

        assert_problem(response, 404, "not_found")
        assert (await anonymous_client.get("/me", headers=bearer(theirs["access_token"]))).status_code == 200


async def refresh(client: httpx.AsyncClient, token: str) -> str:
    """Exchange a refresh token and return the next one."""
    response = await client.post("/auth/refresh", json={"refresh_token": token})
    assert response.status_code == 200, response.text
    return response.json()["refresh_token"]


async def assert_refused(client: httpx.AsyncClient, token: str) -> None:
    """Assert that a refresh token is worth nothing."""
    response = await client.post("/auth/refresh", json={"refresh_token": token})
    assert_problem(response, 401, "invalid_refresh_token")
