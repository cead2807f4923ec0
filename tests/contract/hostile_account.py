"""An account that has one of everything, for input that must change nothing of it."""

import httpx
import pytest
from msgspec import Struct

from domain.authentication.principal import TokenScope
from tests.api import Json, Route, bearer, create_todo, make_token, publish, sign_in

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Stored(Struct, frozen=True):
    """An account that has one of everything, and the token that may do everything to it."""

    client: httpx.AsyncClient
    token: str
    ids: dict[str, int]
    everything: Json

    def path(self, route: Route) -> str:
        """Return a path on which a route finds something."""
        return route.with_id(self.id_for(route)) if "{" in route.path else route.path

    def id_for(self, route: Route) -> int:
        """Return the id of something that a route finds."""
        return self.ids[route.path.partition("{")[2].partition("_id}")[0]]

    async def is_unchanged(self) -> bool:
        """Tell whether everything is as it was."""
        return await everything_of(self.client) == self.everything


class HostileApi:
    """Gives every test an account that has one of everything."""

    @pytest.fixture
    async def stored(self, client: httpx.AsyncClient) -> Stored:
        """Sign in and store one of everything."""
        await sign_in(client)
        todo = await create_todo(client, tags=["home"], due={"date": "2026-12-24"})
        post = await publish(client)
        (session,) = (await client.get("/auth/sessions")).json()["items"]
        token = await make_token(client, *TokenScope)
        client.headers.update(bearer(token["token"]))
        return Stored(
            client=client,
            token=token["token"],
            ids={"todo": todo["id"], "post": post["id"], "token": token["id"], "session": session["id"]},
            everything=await everything_of(client),
        )


async def everything_of(client: httpx.AsyncClient) -> Json:
    """Return all that is stored for an account."""
    paths = ("/me", "/todos?include=count", "/tags", "/posts", "/auth/tokens", "/auth/sessions")
    return {path: (await client.get(path)).json() for path in paths}
