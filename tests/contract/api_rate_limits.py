"""Who asks too often is told so, and when to come back."""

from collections.abc import AsyncGenerator
from time import monotonic
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar

from domain.accounts.model import Account
from domain.rate_limits.model import Quota
from domain.rate_limits.ports import RateLimiter
from domain.rate_limits.quotas import (
    ACCOUNT,
    ANONYMOUS,
    ANONYMOUS_SITE,
    PASSWORD_CHECK,
    PASSWORD_CHECK_SITE,
    REGISTRATION,
    REGISTRATION_SITE,
    SIGN_IN,
    TOKEN,
)
from domain.store import Store
from tests.api import Json, assert_problem, bearer, log_in, make_token, register
from tests.clock import StandingClock
from tests.harness import BASE_URL, PASSWORD, app_on, client_of, services_on

HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"


def calling(app: Litestar, peer: tuple[str, int] | None) -> httpx.AsyncClient:
    """Return a client of an application that has been started; a peer behind a Unix socket has no address."""
    transport = httpx.ASGITransport(cast("Any", app), client=cast("Any", peer))
    return httpx.AsyncClient(transport=transport, base_url=BASE_URL)


async def exhaust(limiter: RateLimiter, quota: Quota, key: object) -> None:
    """Leave one request of a quota, as if the others had been made."""
    while (await limiter.hit([(quota, str(key))]))[0].remaining > 1:
        pass


def assert_refused(response: httpx.Response, quota: Quota) -> Json:
    """Assert that a request was refused because of a quota."""
    body = assert_problem(response, 429, "rate_limited")
    wait = int(response.headers["retry-after"])
    assert 1 <= wait <= quota.window
    assert response.headers["ratelimit"] == f'"{quota.name}";r=0;t={wait}'
    assert response.headers["ratelimit-policy"] == f'"{quota.name}";q={quota.amount};w={quota.window}'
    assert str(wait) in body["detail"]
    return body


def left_in(response: httpx.Response) -> dict[str, int]:
    """Return how much an answer says is left of each quota."""
    members = [member.split(";") for member in response.headers["ratelimit"].split(", ")]
    return {name.strip('"'): int(left.removeprefix("r=")) for name, left, _ in members}


class RateLimitsApi:
    @pytest.fixture
    def app(self, store: Store, clock: StandingClock, limiter: RateLimiter) -> Litestar:
        return app_on(services_on(store, now=clock, rate_limiter=limiter))

    @pytest.fixture
    async def client(self, app: Litestar) -> AsyncGenerator[httpx.AsyncClient]:
        async with client_of(app, address=HERE) as client:
            yield client

    @pytest.fixture
    async def signed_in(self, client: httpx.AsyncClient, user: Account) -> httpx.AsyncClient:
        tokens = await log_in(client, user.email)
        client.headers.update(bearer(tokens["access_token"]))
        return client

    @pytest.fixture
    async def elsewhere(self, client: httpx.AsyncClient, app: Litestar) -> AsyncGenerator[httpx.AsyncClient]:
        """A client at another address, of the application that ``client`` started."""
        del client
        async with calling(app, (ELSEWHERE, 123)) as elsewhere:
            yield elsewhere

    async def test_every_answer_says_how_much_is_left(self, client: httpx.AsyncClient) -> None:
        started = monotonic()
        first, second = await client.get("/posts"), await client.get("/posts/4711")
        took = monotonic() - started

        assert (first.status_code, second.status_code) == (200, 404)
        assert first.headers["ratelimit-policy"] == '"anonymous";q=120;w=60'
        before, _, wait = first.headers["ratelimit"].rpartition(";t=")
        assert before == '"anonymous";r=119'
        assert 60 - took - 1 <= int(wait) <= 60
        assert second.headers["ratelimit"].startswith('"anonymous";r=118;')

    async def test_an_address_that_asks_too_often_is_refused_and_others_are_not(
        self, client: httpx.AsyncClient, elsewhere: httpx.AsyncClient, limiter: RateLimiter
    ) -> None:
        await exhaust(limiter, ANONYMOUS, HERE)

        assert (await client.get("/posts")).status_code == 200
        assert_refused(await client.get("/posts"), ANONYMOUS)
        assert (await elsewhere.get("/posts")).status_code == 200

    @pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "CF-Connecting-IP"])
    async def test_who_makes_up_an_address_is_not_believed(
        self, client: httpx.AsyncClient, limiter: RateLimiter, name: str
    ) -> None:
        await exhaust(limiter, ANONYMOUS, HERE)
        await client.get("/posts")

        made_up = "for=203.0.113.1" if name == "Forwarded" else "203.0.113.1"
        assert_refused(await client.get("/posts", headers={name: made_up}), ANONYMOUS)

    async def test_an_account_that_asks_too_often_is_refused_wherever_it_is(
        self, signed_in: httpx.AsyncClient, elsewhere: httpx.AsyncClient, user: Account, limiter: RateLimiter
    ) -> None:
        await exhaust(limiter, ACCOUNT, user.id)
        elsewhere.headers.update(signed_in.headers)

        assert (await signed_in.get("/me")).headers["ratelimit"].startswith('"account";r=0;')
        assert_refused(await elsewhere.get("/todos"), ACCOUNT)

    async def test_whoever_is_signed_in_does_not_use_up_the_quota_of_an_address(
        self, signed_in: httpx.AsyncClient, elsewhere: httpx.AsyncClient, limiter: RateLimiter
    ) -> None:
        del elsewhere
        await exhaust(limiter, ANONYMOUS, HERE)

        for _ in range(5):
            assert (await signed_in.get("/me")).status_code == 200

    async def test_a_token_that_runs_wild_leaves_its_owner_room(
        self, signed_in: httpx.AsyncClient, user: Account, store: Store, limiter: RateLimiter
    ) -> None:
        token = await make_token(signed_in, "account:read")
        [stored] = await store.api_tokens.list_all(owner_id=user.id)
        await exhaust(limiter, TOKEN, stored.id)
        as_program = bearer(token["token"])

        last = await signed_in.get("/me", headers=as_program)
        assert last.status_code == 200
        assert last.headers["ratelimit-policy"] == '"token";q=600;w=60, "account";q=1200;w=60'
        before = await signed_in.get("/me")
        for _ in range(10):
            assert_refused(await signed_in.get("/me", headers=as_program), TOKEN)
        after = await signed_in.get("/me")

        left = [int(answer.headers["ratelimit"].split(";")[1].removeprefix("r=")) for answer in (before, after)]
        assert left[0] - left[1] == 1

    async def test_a_token_that_may_not_do_something_may_not_try_for_ever(
        self, signed_in: httpx.AsyncClient, user: Account, limiter: RateLimiter
    ) -> None:
        token = await make_token(signed_in, "account:read")
        await exhaust(limiter, ACCOUNT, user.id)
        as_program = bearer(token["token"])

        assert_problem(await signed_in.get("/todos", headers=as_program), 403, "insufficient_scope")
        assert_problem(await signed_in.get("/todos", headers=as_program), 429, "rate_limited")

    @pytest.mark.parametrize("headers", [{}, bearer("todo_pat_guessed"), bearer("e30.e30.e30")])
    async def test_tokens_are_not_tried_out(
        self, client: httpx.AsyncClient, limiter: RateLimiter, headers: dict[str, str]
    ) -> None:
        await exhaust(limiter, ANONYMOUS, HERE)

        last = await client.get("/todos", headers=headers)
        assert last.status_code == 401
        assert last.headers["ratelimit"].startswith('"anonymous";r=0;')
        assert_refused(await client.get("/todos", headers=headers), ANONYMOUS)

    async def test_an_address_opens_ten_accounts_an_hour(
        self, client: httpx.AsyncClient, elsewhere: httpx.AsyncClient
    ) -> None:
        for number in range(REGISTRATION.amount):
            await register(client, f"{number}@example.com")

        refused = await client.post("/auth/register", json={"email": "x@example.com", "password": PASSWORD})

        assert_refused(refused, REGISTRATION)
        await register(elsewhere, "x@example.com")

    async def test_a_site_has_many_networks_and_yet_an_end(self, client: httpx.AsyncClient, app: Litestar) -> None:
        del client  # it started the application
        statuses: list[int] = []
        for number in range(REGISTRATION_SITE.amount + 1):
            async with calling(app, (f"2001:db8:1:{number:x}::1", 123)) as network:
                answer = await network.post("/auth/register", json={"email": f"{number}@a.com", "password": PASSWORD})
                statuses.append(answer.status_code)

        assert statuses == [201] * REGISTRATION_SITE.amount + [429]
        async with calling(app, ("2001:db8:2::1", 123)) as elsewhere:
            await register(elsewhere, "x@example.com")

    @pytest.mark.parametrize("path", ["/posts", "/nothing/here"])
    async def test_a_site_asks_no_more_than_ten_of_its_networks_may(
        self, client: httpx.AsyncClient, app: Litestar, limiter: RateLimiter, path: str
    ) -> None:
        del client  # it started the application
        await exhaust(limiter, ANONYMOUS_SITE, "2001:db8:1::/48")

        async with calling(app, ("2001:db8:1:1::1", 123)) as one, calling(app, ("2001:db8:1:2::1", 123)) as two:
            assert (await one.get(path)).status_code != 429
            assert_refused(await two.get(path), ANONYMOUS_SITE)

    async def test_a_password_is_not_guessed_and_the_right_one_does_not_help_then(
        self, client: httpx.AsyncClient, elsewhere: httpx.AsyncClient, user: Account
    ) -> None:
        for _ in range(SIGN_IN.amount):
            wrong = await client.post("/auth/login", data={"username": user.email, "password": "wrong"})
            assert_problem(wrong, 401, "wrong_credentials")

        right = await client.post("/auth/login", data={"username": user.email, "password": PASSWORD})

        assert_refused(right, SIGN_IN)
        assert await log_in(elsewhere, user.email)

    async def test_an_account_that_is_not_there_is_limited_in_the_same_words(
        self, client: httpx.AsyncClient, user: Account
    ) -> None:
        answers: list[list[tuple[int, str]]] = []
        for email in (user.email, "nobody@example.com"):
            given = [await client.post("/auth/login", data={"username": email, "password": "wrong"}) for _ in range(12)]
            answers.append([(answer.status_code, answer.json()["code"]) for answer in given])

        assert answers[0] == answers[1]
        assert answers[0][-1] == (429, "rate_limited")

    async def test_a_refresh_token_is_not_sent_over_and_over(self, client: httpx.AsyncClient, user: Account) -> None:
        token = (await log_in(client, user.email))["refresh_token"]
        statuses = [(await client.post("/auth/refresh", json={"refresh_token": token})).status_code for _ in range(31)]

        assert statuses == [200] * 30 + [429]

    @pytest.mark.parametrize("token", ["", "nonsense", "todo_refresh_a.b"])
    async def test_what_is_no_refresh_token_is_not_sent_over_and_over_either(
        self, client: httpx.AsyncClient, token: str
    ) -> None:
        statuses = [(await client.post("/auth/refresh", json={"refresh_token": token})).status_code for _ in range(31)]

        assert statuses == [401] * 30 + [429]

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("POST", "/me/password", {"old_password": "wrong", "new_password": "a long enough secret"}),
            ("DELETE", "/me", {"password": "wrong"}),
            ("PATCH", "/me", {"email": "other@example.com", "password": "wrong"}),
        ],
    )
    async def test_a_stolen_session_does_not_find_out_the_password(
        self, signed_in: httpx.AsyncClient, method: str, path: str, body: Json
    ) -> None:
        answers = [await signed_in.request(method, path, json=body) for _ in range(11)]

        assert [answer.status_code for answer in answers] == [403] * 10 + [429]
        assert (await signed_in.get("/me")).status_code == 200

    async def test_every_way_to_be_asked_for_the_password_counts_for_the_others(
        self, signed_in: httpx.AsyncClient
    ) -> None:
        ways: list[tuple[str, str, Json]] = [
            ("POST", "/me/password", {"old_password": "wrong", "new_password": "a long enough secret"}),
            ("DELETE", "/me", {"password": "wrong"}),
            ("PATCH", "/me", {"email": "other@example.com", "password": "wrong"}),
        ]
        answers = [await signed_in.request(method, path, json=body) for _ in range(4) for (method, path, body) in ways]

        assert [answer.status_code for answer in answers] == [403] * 10 + [429] * 2
        assert_refused(answers[-1], PASSWORD_CHECK)
        assert_refused(await signed_in.patch("/me", json=ways[-1][2] | {"password": PASSWORD}), PASSWORD_CHECK)

    async def test_a_password_in_a_patch_is_told_of_as_any_other(self, signed_in: httpx.AsyncClient) -> None:
        by_itself = await signed_in.post("/me/password", json={})
        in_a_patch = await signed_in.patch("/me", json={"email": "other@example.com", "password": PASSWORD})

        assert in_a_patch.status_code == 200
        assert in_a_patch.headers["ratelimit-policy"] == by_itself.headers["ratelimit-policy"]
        assert left_in(by_itself) == {"password": 9, "password-address": 49, "account": 1_199}
        assert left_in(in_a_patch) == {"password": 8, "password-address": 48, "account": 1_198}

    async def test_a_patch_without_an_address_is_as_cheap_as_ever(self, signed_in: httpx.AsyncClient) -> None:
        for number in range(PASSWORD_CHECK.amount + 1):
            changed = await signed_in.patch("/me", json={"display_name": f"Ada {number}"})
            refused = await signed_in.patch("/me", json={"email": "other@example.com"})  # without the password
            assert (changed.status_code, refused.status_code) == (200, 422)
            assert changed.headers["ratelimit-policy"] == '"account";q=1200;w=60'

        moved = await signed_in.patch("/me", json={"email": "other@example.com", "password": PASSWORD})
        assert left_in(moved)["password"] == 9

    async def test_a_site_is_asked_for_no_more_passwords_in_patches_than_elsewhere(
        self, signed_in: httpx.AsyncClient, app: Litestar, limiter: RateLimiter
    ) -> None:
        await exhaust(limiter, PASSWORD_CHECK_SITE, "2001:db8:1::/48")
        body = {"email": "other@example.com", "password": "wrong"}

        async with calling(app, ("2001:db8:1:1::1", 123)) as one, calling(app, ("2001:db8:1:2::1", 123)) as two:
            assert (await one.patch("/me", json=body, headers=signed_in.headers)).status_code == 403
            assert_refused(await two.patch("/me", json=body, headers=signed_in.headers), PASSWORD_CHECK_SITE)

    @pytest.mark.parametrize(
        ("method", "path"), [("GET", "/nothing"), ("PUT", "/posts"), ("OPTIONS", "/todos"), ("BREW", "/nothing/at/all")]
    )
    async def test_what_is_not_there_is_counted_too(
        self, client: httpx.AsyncClient, limiter: RateLimiter, method: str, path: str
    ) -> None:
        await exhaust(limiter, ANONYMOUS, HERE)

        assert (await client.request(method, path)).headers["ratelimit"].startswith('"anonymous";r=0;')
        assert_refused(await client.request(method, path), ANONYMOUS)
        assert_refused(await client.get("/posts"), ANONYMOUS)

    async def test_what_goes_no_further_than_its_first_line_is_counted_too(
        self, client: httpx.AsyncClient, limiter: RateLimiter
    ) -> None:
        await exhaust(limiter, ANONYMOUS, HERE)
        too_long = "/" + "x" * 2_000

        assert (await client.get(too_long)).status_code == 414
        assert_refused(await client.get(too_long), ANONYMOUS)
        assert_refused(await client.get("/posts", headers={"Host": "@@"}), ANONYMOUS)

    async def test_a_thing_that_is_not_there_is_counted_once(
        self, client: httpx.AsyncClient, limiter: RateLimiter
    ) -> None:
        (before,) = await limiter.hit([(ANONYMOUS, HERE)])
        assert (await client.get("/posts/999")).status_code == 404
        (after,) = await limiter.hit([(ANONYMOUS, HERE)])

        assert before.remaining - after.remaining == 2

    async def test_health_is_not_limited(self, client: httpx.AsyncClient, limiter: RateLimiter) -> None:
        await exhaust(limiter, ANONYMOUS, HERE)
        await client.get("/posts")

        for path in ("/health", "/health/ready"):
            answer = await client.get(path)
            assert answer.status_code == 200
            assert "ratelimit" not in answer.headers

    async def test_a_client_without_an_address_is_limited_too(self, app: Litestar, client: httpx.AsyncClient) -> None:
        del client  # it started the application
        async with calling(app, None) as somebody:
            answers = [await somebody.get("/posts") for _ in range(ANONYMOUS.amount + 1)]

        assert {answer.status_code for answer in answers[:-1]} == {200}
        assert_refused(answers[-1], ANONYMOUS)

    async def test_head_is_counted_as_get_is(self, client: httpx.AsyncClient) -> None:
        assert (await client.head("/posts")).headers["ratelimit"].startswith('"anonymous";r=119;')

    async def test_limits_that_are_off_are_not_mentioned(self, store: Store, clock: StandingClock) -> None:
        async with client_of(app_on(services_on(store, now=clock))) as client:
            answer = await client.get("/posts")

        assert answer.status_code == 200
        assert not [name for name in answer.headers if name.startswith("ratelimit")]
