"""Ada, who has one of everything, and Grace, to whom nothing of it belongs."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar
from msgspec import Struct

from domain.authentication.principal import TokenScope
from tests.api import (
    Json,
    Route,
    bearer,
    claims_of,
    create_todo,
    document_of,
    log_in,
    make_token,
    publish,
    register,
    routes_of,
)
from tests.harness import BASE_URL

ADA, GRACE = "ada.of.the.tests@example.com", "grace@example.com"
MARK = "adas-own"
"""A word that stands in everything of Ada's, and in nothing of anybody else's."""


async def _todo(ada: httpx.AsyncClient) -> int:
    return (await create_todo(ada, f"{MARK} to-do", tags=[MARK], due={"date": "2026-12-24"}))["id"]


async def _post(ada: httpx.AsyncClient) -> int:
    return (await publish(ada, f"{MARK} post"))["id"]


async def _token(ada: httpx.AsyncClient) -> int:
    return (await make_token(ada, "todos:read", name=f"{MARK} token"))["id"]


async def _session(ada: httpx.AsyncClient) -> int:
    return claims_of((await log_in(ada, ADA, **{"User-Agent": f"{MARK} browser"}))["access_token"])["sid"]


MAKERS: dict[str, Callable[[httpx.AsyncClient], Awaitable[int]]] = {
    "todo_id": _todo,
    "post_id": _post,
    "token_id": _token,
    "session_id": _session,
}
"""How Ada gets something with such an id, by the name of the parameter."""


class Accounts(Struct, frozen=True):
    """The two, each with a client that is signed in, and a client that is nobody."""

    app: Litestar
    ada: httpx.AsyncClient
    grace: httpx.AsyncClient
    nobody: httpx.AsyncClient
    ids: dict[str, int]
    before: Json

    async def is_unchanged(self) -> bool:
        """Tell whether everything of Ada's is as it was."""
        return await everything_of(self.app, self.ada) == self.before


class TwoAccounts:
    """Gives every test the two."""

    @pytest.fixture
    async def accounts(self, app: Litestar, client: httpx.AsyncClient, anonymous_client: httpx.AsyncClient) -> Accounts:
        """Sign both in, and let Ada have something for every parameter of a path."""
        nobody = anonymous_client
        ada, grace = client, _another_client(app)
        for somebody, email in ((ada, ADA), (grace, GRACE)):
            await register(nobody, email)
            somebody.headers.update(bearer((await log_in(nobody, email))["access_token"]))
        await ada.patch("/me", json={"display_name": f"{MARK} name"})
        ids = {name: await make(ada) for name, make in MAKERS.items()}
        return Accounts(app, ada, grace, nobody, ids, await everything_of(app, ada))


def _another_client(app: Litestar) -> httpx.AsyncClient:
    """Return another client of an application that has been started."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(cast("Any", app)), base_url=BASE_URL)


def parameters_of(route: Route) -> list[str]:
    """Return the names of a path's parameters."""
    return [part.partition("}")[0] for part in route.path.split("{")[1:]]


def path_with(route: Route, ids: dict[str, int]) -> str:
    """Return the path of a route with an id for each of its parameters."""
    return route.path.format_map(ids | {"name": "unknown"})


def body_of(app: Litestar, route: Route) -> Json | None:
    """Return the example of the JSON body that an operation takes, if it takes one."""
    if not route.is_described:
        return None
    document = document_of(app)
    content = document["paths"][route.path][route.method.lower()].get("requestBody", {}).get("content", {})
    if "application/json" not in content:
        return None
    name = str(content["application/json"]["schema"]).partition("#/components/schemas/")[2].partition("'")[0]
    return document["components"]["schemas"][name]["examples"][0]


async def everything_of(app: Litestar, client: httpx.AsyncClient) -> Json:
    """Return the answers of every private route that lists or reads without an id, and Ada's posts: all there is."""
    paths = [route.path for route in private_lists(app)]
    answers = {path: await client.get(path) for path in [*paths, "/posts"]}
    assert all(answer.status_code == 200 for answer in answers.values()), answers
    everything = {path: answer.json() for path, answer in answers.items()}
    everything["/posts"] = [post for post in everything["/posts"]["result"] if post["author_email"] == ADA]
    return everything


def private_lists(app: Litestar) -> list[Route]:
    """Return the routes that answer with what belongs to whoever asks."""
    return [
        route
        for route in routes_of(app)
        if route.method == "GET" and route.scope is not None and not parameters_of(route)
    ]


async def tokens_for_all_but_one_scope(client: httpx.AsyncClient) -> dict[TokenScope, str]:
    """Return, for each scope, an API token that has every other one."""
    return {
        scope: (await make_token(client, *(other for other in TokenScope if other != scope), name="all but one"))[
            "token"
        ]
        for scope in TokenScope
    }
