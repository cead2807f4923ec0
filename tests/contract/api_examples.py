"""Every example of a body is good as it stands: it is what people send first."""

import httpx
from litestar import Litestar
from msgspec import Struct

from tests.api import Json, bearer, create_todo, document_of

JSON, MERGE_PATCH = "application/json", "application/merge-patch+json"
FORM = "application/x-www-form-urlencoded"


class Place(Struct, frozen=True):
    """Where an example is sent to."""

    method: str
    path: str
    example: Json


class Sender:
    """Somebody who sends examples, and nothing else."""

    def __init__(self, document: Json, client: httpx.AsyncClient) -> None:
        self.places = {
            (operation["operationId"], media_type): Place(method, path, example_of(document, content["schema"]))
            for path, item in document["paths"].items()
            for method, operation in item.items()
            for media_type, content in operation.get("requestBody", {}).get("content", {}).items()
        }
        self.sent: set[tuple[str, str]] = set()
        self._client = client

    async def send(self, operation_id: str, media_type: str = JSON, *, id: int = 0, **real: str) -> Json:
        """Send the example with what can only be real, and return what is answered."""
        place = self.places[operation_id, media_type]
        body: Json = {**place.example, **real}
        sent: Json = {"data": body} if media_type == FORM else {"json": body}
        path = place.path.replace("{todo_id}", str(id))
        response = await self._client.request(place.method, path, headers={"Content-Type": media_type}, **sent)
        assert response.is_success, (operation_id, media_type, response.text)
        self.sent.add((operation_id, media_type))
        return response.json() if response.content else {}

    async def sign_in(self) -> Json:
        """Send the example that does, and be that account from now on."""
        tokens = await self.send("logIn", FORM)
        self._client.headers.update(bearer(tokens["access_token"]))
        return tokens


def example_of(document: Json, schema: Json) -> Json:
    """Return the example of a body."""
    return document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["examples"][0]


class ExamplesApi:
    """One account after another, from their first request to their last."""

    async def test_every_example_of_a_body_succeeds_as_it_stands(
        self, app: Litestar, client: httpx.AsyncClient
    ) -> None:
        ada = Sender(document_of(app), client)

        await ada.send("register")
        tokens = await ada.sign_in()
        await ada.send("refresh", refresh_token=tokens["refresh_token"])  # the schema says that no example is good
        await ada.send("createTodo")
        for media_type in (JSON, MERGE_PATCH):
            await ada.send("changeMe", media_type)
            await ada.send("changeTodo", media_type, id=(await create_todo(client))["id"])
        await ada.send("createPost")
        await ada.send("createApiToken")
        for media_type in (JSON, FORM):
            await ada.send("logOut", media_type)
            await ada.sign_in()
        await ada.send("deleteMe")
        await ada.send("register")
        await ada.sign_in()
        await ada.send("changePassword")

        assert ada.sent == ada.places.keys()
