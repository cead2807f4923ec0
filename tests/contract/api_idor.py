"""Insecure direct object references (OWASP API1, API5): every route there is, called as somebody else.

The routes come from the application and their bodies from its document, so that a new route is covered by itself, or
fails here with a sentence that says what to add.
"""

import httpx
from litestar import Litestar

from tests.api import Route, assert_problem, bearer, document_of, routes_of
from tests.contract.two_accounts import (
    MAKERS,
    MARK,
    Accounts,
    TwoAccounts,
    body_of,
    parameters_of,
    path_with,
    private_lists,
    tokens_for_all_but_one_scope,
)

ANYBODY_MAY_READ = {"/posts/{post_id}", "/post/{post_id}", "/schema/assets/{name}"}
"""What has a parameter in its path and is public all the same: the notice board, the files of the documentation."""

NOBODYS = dict.fromkeys(MAKERS, 987_654_321)
"""An id that nothing has, for each parameter of a path."""

VERSIONS: tuple[dict[str, str], ...] = (
    {},
    {"If-Match": '"1"'},
    {"If-Match": '"99"'},
    {"If-Match": "*"},
    {"If-None-Match": '"1"'},
)


class IdorApi(TwoAccounts):
    """Ada's things, and everybody who is not Ada."""

    async def test_every_route_with_an_id_is_known(self, app: Litestar) -> None:
        for route in routes_of(app):
            for name in parameters_of(route):
                is_public = route.scope is None and route.method == "GET" and route.path in ANYBODY_MAY_READ
                assert route.scope is not None or is_public, (
                    f"Anybody may call {route.method} {route.path}: if that is meant, add it to ANYBODY_MAY_READ in "
                    "tests/contract/api_idor.py; if not, the route needs a scope."
                )
                assert is_public or name in MAKERS, (
                    f"{route.method} {route.path} has an id that these tests know nothing of: add to MAKERS in "
                    f"tests/contract/two_accounts.py how Ada gets something with a {name}."
                )

    async def test_ids_stand_in_paths_only(self, app: Litestar) -> None:
        for route in routes_of(app):
            if route.is_described:
                operation = document_of(app)["paths"][route.path][route.method.lower()]
                queries = {
                    parameter["name"] for parameter in operation.get("parameters", []) if "query" in parameter["in"]
                }
                named = {
                    name for name in queries | set(body_of(app, route) or {}) if name == "id" or name.endswith("_id")
                }
                assert not named, (
                    f"{route.method} {route.path} takes {named} outside of its path: extend tests/contract/api_idor.py "
                    "so that it is tried out with ids of somebody else's."
                )

    async def test_somebody_elses_things_answer_exactly_as_missing_ones(self, accounts: Accounts) -> None:
        routes = [route for route in private_routes(accounts.app) if parameters_of(route)]
        assert len(routes) >= len(MAKERS)

        for route in routes:
            for versions in VERSIONS:
                body = body_of(accounts.app, route)
                hers = await call(accounts.grace, route, path_with(route, accounts.ids), body, versions)
                missing = await call(accounts.grace, route, path_with(route, NOBODYS), body, versions)

                assert_problem(missing, 404, "not_found")
                if route.path in ANYBODY_MAY_READ:  # that it exists is no secret
                    assert_problem(hers, 403, "forbidden")
                else:
                    assert without_request_id(hers) == without_request_id(missing), route
        assert await accounts.is_unchanged()

    async def test_these_calls_would_have_worked_for_their_owner(self, accounts: Accounts) -> None:
        for route in private_routes(accounts.app):
            if parameters_of(route):
                ids = {name: await MAKERS[name](accounts.ada) for name in parameters_of(route)}

                response = await call(accounts.ada, route, path_with(route, ids), body_of(accounts.app, route), {})

                assert response.is_success, (route, response.text)

    async def test_nothing_that_somebody_else_calls_changes_anything(self, accounts: Accounts) -> None:
        for route in sorted(routes_of(accounts.app), key=lambda route: route.path == "/me"):  # which closes an account
            await call(accounts.grace, route, path_with(route, accounts.ids), body_of(accounts.app, route), {})

        assert await accounts.is_unchanged()

    async def test_every_list_has_something_of_adas_and_shows_it_to_nobody_else(self, accounts: Accounts) -> None:
        for route in private_lists(accounts.app):
            hers = await accounts.ada.get(route.path)
            theirs = await accounts.grace.get(route.path)

            assert MARK in hers.text, (
                f"GET {route.path} shows nothing of Ada's: let her have something there, with MARK in it, in "
                "tests/contract/two_accounts.py."
            )
            assert theirs.status_code == 200
            assert MARK not in theirs.text, route

    async def test_no_parameter_of_a_list_leads_to_somebody_else(self, accounts: Accounts) -> None:
        await accounts.ada.post("/todos", json={"title": f"{MARK} too"})
        page = (await accounts.ada.get("/todos", params={"limit": 1})).json()
        me = (await accounts.ada.get("/me")).json()
        queries = [
            *({name: str(me["id"])} for name in ("owner_id", "account_id", "author_id", "user_id", "id", "sub")),
            *({"q": MARK}, {"tag": MARK}, {"cursor": page["next_cursor"], "limit": 1}, {"include": "count"}),
        ]

        for route in private_lists(accounts.app):
            for query in queries:
                response = await accounts.grace.get(route.path, params=query)

                assert MARK not in response.text, (route, query)
                assert response.json().get("total", 0) == 0, (route, query)

    async def test_nobody_gets_anywhere(self, accounts: Accounts) -> None:
        routes = private_routes(accounts.app)
        assert len(routes) > 15

        for route in routes:
            path = path_with(route, accounts.ids)
            for headers in ({}, {"Authorization": "Bearer"}, bearer("x"), {"Cookie": f"token={'x' * 40}"}):
                response = await call(accounts.nobody, route, path, body_of(accounts.app, route), headers)

                assert_problem(response, 401, "unauthenticated")
                assert response.headers["www-authenticate"].startswith("Bearer"), route
        assert await accounts.is_unchanged()

    async def test_a_token_with_every_scope_but_the_needed_one_gets_nowhere(self, accounts: Accounts) -> None:
        hers = await tokens_for_all_but_one_scope(accounts.ada)
        theirs = await tokens_for_all_but_one_scope(accounts.grace)

        for route in private_routes(accounts.app):
            assert route.scope is not None
            body = body_of(accounts.app, route)
            there, missing = path_with(route, accounts.ids), path_with(route, NOBODYS)
            answers = [
                await call(accounts.nobody, route, path, body, bearer(tokens[route.scope]))
                for tokens, path in ((hers, there), (theirs, there), (theirs, missing))
            ]

            for answer in answers:
                assert_problem(answer, 403, "insufficient_scope")
                assert f'scope="{route.scope}"' in answer.headers["www-authenticate"]
                assert without_request_id(answer) == without_request_id(answers[0]), route
        for path in ("/me", "/todos", "/auth/sessions"):  # the tokens are listed, and were used
            assert (await accounts.ada.get(path)).json() == accounts.before[path]


def private_routes(app: Litestar) -> list[Route]:
    """Return the routes that need somebody who is signed in."""
    return [route for route in routes_of(app) if route.scope is not None]


async def call(
    client: httpx.AsyncClient, route: Route, path: str, body: object, headers: dict[str, str]
) -> httpx.Response:
    """Call a route with the body it wants."""
    return await client.request(route.method, path, json=body, headers=headers)


def without_request_id(response: httpx.Response) -> tuple[int, object, object]:
    """Return what must be the same in two answers."""
    body = response.json() | {"request_id": ""}
    return response.status_code, body, dict(response.headers) | {"x-request-id": "", "content-length": ""}
