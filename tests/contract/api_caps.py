"""How much one account may have, over HTTP (OWASP API Security 2023, API4)."""

import httpx
import pytest

from domain.accounts.model import Account
from domain.api_tokens.service import MAX_API_TOKENS
from domain.sessions.service import MAX_SESSIONS
from domain.store import Store
from tests.api import assert_problem, bearer, log_in, make_token, register, sign_in
from tests.builders import a_new_session, an_api_token
from tests.clock import NOON, StandingClock

EMAIL = "grace@example.com"


class CapsApi:
    """Sessions make room for new ones, API tokens do not."""

    async def test_one_session_too_many_ends_the_one_that_was_not_used_for_longest(
        self, client: httpx.AsyncClient, store: Store, clock: StandingClock
    ) -> None:
        account = await register(client, EMAIL)
        oldest, second = [await log_in(client, EMAIL) for _ in range(2)]
        for number in range(MAX_SESSIONS - 2):
            await store.sessions.add(a_new_session(f"family {number}"), owner_id=account["id"])
        clock.advance(minutes=1)
        await client.post("/auth/refresh", json={"refresh_token": oldest["refresh_token"]})
        assert (await client.get("/me", headers=bearer(second["access_token"]))).status_code == 200

        newest = await log_in(client, EMAIL)

        assert_problem(await client.get("/me", headers=bearer(second["access_token"])), 401, "unauthenticated")
        for kept in (oldest, newest):
            assert (await client.get("/me", headers=bearer(kept["access_token"]))).status_code == 200
        assert len(await store.sessions.list_all(owner_id=account["id"], at=NOON)) == MAX_SESSIONS

    async def test_somebody_elses_sessions_are_not_counted(
        self, client: httpx.AsyncClient, store: Store, user: Account
    ) -> None:
        for number in range(MAX_SESSIONS):
            await store.sessions.add(a_new_session(f"family {number}"), owner_id=user.id)

        await sign_in(client, EMAIL)

        assert len(await store.sessions.list_all(owner_id=user.id, at=NOON)) == MAX_SESSIONS

    @pytest.mark.parametrize("is_expired", [False, True])
    async def test_one_api_token_too_many_is_not_made_until_another_is_revoked(
        self, authed_client: httpx.AsyncClient, store: Store, user: Account, *, is_expired: bool
    ) -> None:
        expires_at = NOON if is_expired else None
        for number in range(MAX_API_TOKENS - 1):
            await store.api_tokens.add(an_api_token(expires_at=expires_at), owner_id=user.id, digest=str(number))
        last = await make_token(authed_client, "todos:read")

        refused = await authed_client.post("/auth/tokens", json={"name": "more", "scopes": ["todos:read"]})

        assert_problem(refused, 409, "too_many_api_tokens")
        assert len((await authed_client.get("/auth/tokens")).json()["items"]) == MAX_API_TOKENS
        await authed_client.delete(f"/auth/tokens/{last['id']}")
        assert await make_token(authed_client, "todos:read")

    async def test_somebody_elses_api_tokens_are_not_counted(
        self, authed_client: httpx.AsyncClient, store: Store, stranger: Account
    ) -> None:
        for number in range(MAX_API_TOKENS):
            await store.api_tokens.add(an_api_token(), owner_id=stranger.id, digest=str(number))

        assert await make_token(authed_client, "todos:read")
