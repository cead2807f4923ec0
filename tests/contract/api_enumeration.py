"""Who has an account (OWASP ASVS 5.0, 6.3.8), over HTTP: what tells, and what does not."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from tests.api import assert_problem, bearer, log_in, make_token, register, sign_in
from tests.clock import StandingClock
from tests.harness import PASSWORD

EMAIL = "grace@example.com"

Told = tuple[int, object, object]


class EnumerationApi:
    """Answers that are the same whether or not there is such a thing; that of a sign-in is in ``LoginApi``."""

    async def test_no_refresh_token_tells_whether_there_ever_was_such_a_session(
        self, client: httpx.AsyncClient, clock: StandingClock
    ) -> None:
        expired = (await sign_in(client, EMAIL))["refresh_token"]
        ended = (await log_in(client, EMAIL))["refresh_token"]
        await client.post("/auth/logout", json={"refresh_token": ended})
        access_token = (await log_in(client, EMAIL))["access_token"]
        unknown = f"{ended[:-60]}{'x' * 60}"
        clock.advance(days=31)

        answers = [
            await client.post("/auth/refresh", json={"refresh_token": token})
            for token in (unknown, "todo_refresh_a.b", "x", "", expired, ended, access_token)
        ]

        assert_problem(answers[0], 401, "invalid_refresh_token")
        assert [told(answer) for answer in answers] == [told(answers[0])] * len(answers)

    async def test_signing_out_tells_nothing(self, client: httpx.AsyncClient) -> None:
        known = (await sign_in(client, EMAIL))["refresh_token"]

        answers = [
            await client.post("/auth/logout", json={"refresh_token": token})
            for token in (known, known, "todo_refresh_a.b", "x")
        ]

        assert [answer.status_code for answer in answers] == [204, 200, 200, 200]
        assert [told(answer) for answer in answers[1:]] == [told(answers[1])] * 3

    async def test_no_api_token_tells_whether_it_was_revoked_or_never_made(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, EMAIL)
        revoked = await make_token(client, "todos:read")
        await client.delete(f"/auth/tokens/{revoked['id']}")

        answers = [
            await client.get("/todos", headers=bearer(token))
            for token in (revoked["token"], "todo_pat_x", f"todo_pat_{'x' * 43}")
        ]

        assert_problem(answers[0], 401, "unauthenticated")
        assert [told(answer) for answer in answers] == [told(answers[0])] * 3

    @pytest.mark.parametrize(
        "password", ["short", "x" * 257, "password1", "a\0bcdefgh"], ids=["short", "long", "common", "NUL"]
    )
    async def test_registering_tells_of_a_taken_address_only_for_the_price_of_a_good_password(
        self, client: httpx.AsyncClient, password: str
    ) -> None:
        await register(client, EMAIL)

        taken = await client.post("/auth/register", json={"email": EMAIL, "password": password})
        free = await client.post("/auth/register", json={"email": "nobody@example.com", "password": password})

        assert taken.status_code == 422
        assert told(taken) == told(free)

    async def test_registering_tells_who_has_an_account_and_nothing_of_it(self, client: httpx.AsyncClient) -> None:
        """A decision: without mail there is no way to tell the owner alone; docs/security.md says what bounds it."""
        await register(client, EMAIL)

        response = await client.post("/auth/register", json={"email": EMAIL, "password": PASSWORD})

        problem = assert_problem(response, 409, "email_taken")
        assert EMAIL not in response.text
        assert set(problem) == {"type", "title", "status", "code", "detail", "request_id"}

    @pytest.mark.parametrize("call", ["change", "close", "move", "move to a taken address"])
    async def test_a_wrong_password_of_ones_own_tells_nothing_of_the_right_one(
        self, client: httpx.AsyncClient, call: str
    ) -> None:
        await register(client, "ada@example.com")
        await sign_in(client, EMAIL)
        calls: dict[str, Callable[[str], Awaitable[httpx.Response]]] = {
            "change": lambda password: client.post(
                "/me/password", json={"old_password": password, "new_password": "staple battery horse"}
            ),
            "close": lambda password: client.request("DELETE", "/me", json={"password": password}),
            "move": lambda password: client.patch("/me", json={"email": "new@example.com", "password": password}),
            "move to a taken address": lambda password: client.patch(
                "/me", json={"email": "ada@example.com", "password": password}
            ),
        }

        answers = [await calls[call](wrong) for wrong in ("", "x", PASSWORD[:-1], PASSWORD.upper(), "x" * 5_000)]

        assert_problem(answers[0], 403, "wrong_password")
        assert [told(answer) for answer in answers] == [told(answers[0])] * len(answers)


def told(response: httpx.Response) -> Told:
    """Return all that an answer tells, which is all but the id of its request."""
    headers = {**response.headers, "x-request-id": ""}
    return response.status_code, response.json() | {"request_id": ""}, headers
