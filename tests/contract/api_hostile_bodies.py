"""Hostile bodies over HTTP: never a 500, nothing stored, and only answers that the document promises."""

import json
from collections.abc import AsyncGenerator, Iterator
from typing import Any, cast

import httpx
import msgspec
import pytest
from litestar import Litestar

from tests.api import Json, Route, document_of, routes_of
from tests.contract import hostile
from tests.contract.hostile_account import HostileApi, Stored
from tests.raw_http import raw_request

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class HostileBodiesApi(HostileApi):
    """Tables over every route that takes a body."""

    @pytest.mark.parametrize("name", hostile.BODIES)
    async def test_a_hostile_body_stores_nothing(self, app: Litestar, stored: Stored, name: str) -> None:
        content, statuses = hostile.BODIES[name]

        for route in routes_with_a_body(app, "application/json"):
            response = await stored.client.request(route.method, stored.path(route), content=content, headers=JSON)

            # Without a body one signs out by one's bearer token, which is not of a session here.
            is_none = route.path == "/auth/logout" and content in {b"", b"{}"}
            assert_answered(app, route, response, {403} if is_none else statuses)
        assert await stored.is_unchanged()

    @pytest.mark.parametrize("name", hostile.FORMS)
    async def test_a_hostile_form_signs_nobody_in(self, app: Litestar, stored: Stored, name: str) -> None:
        content, statuses = hostile.FORMS[name]
        (route,) = (
            route
            for route in routes_with_a_body(app, "application/x-www-form-urlencoded")
            if route.path == "/auth/login"
        )

        response = await stored.client.post(route.path, content=content, headers=FORM)

        assert_answered(app, route, response, statuses)
        assert await stored.is_unchanged()

    @pytest.mark.parametrize("content_type", hostile.CONTENT_TYPES, ids=lambda value: repr(value)[:40])
    async def test_a_body_of_another_type_stores_nothing(
        self, app: Litestar, stored: Stored, content_type: str | None
    ) -> None:
        headers = {} if content_type is None else {"Content-Type": content_type}

        for route, body in bodies_by_example(app):
            content = msgspec.json.encode(body)
            response = await stored.client.request(route.method, stored.path(route), content=content, headers=headers)

            assert_answered(app, route, response, {415})
        assert await stored.is_unchanged()

    @pytest.mark.parametrize("name", hostile.TEXTS)
    async def test_a_hostile_text_anywhere_in_a_body_stores_nothing(
        self, app: Litestar, stored: Stored, name: str
    ) -> None:
        unknown_token = {"/auth/logout": {200, 403}, "/auth/refresh": {401}}
        wrong_password = {"/me": {403}, "/me/password": {403}}
        tried = 0

        for route, example in bodies_by_example(app):
            allowed = {400, 422} | unknown_token.get(route.path, set()) | wrong_password.get(route.path, set())
            for body in with_each_text_replaced(example, hostile.TEXTS[name]):
                content = json.dumps(body).encode()  # lone surrogates become escapes, as they come over the wire
                response = await stored.client.request(route.method, stored.path(route), content=content, headers=JSON)

                assert_answered(app, route, response, allowed)
                tried += 1
        assert tried >= 30
        assert await stored.is_unchanged()

    @pytest.mark.parametrize("is_chunked", [False, True], ids=["with its length", "chunked"])
    async def test_a_body_that_is_too_large_is_refused(
        self, app: Litestar, stored: Stored, *, is_chunked: bool
    ) -> None:
        content = b'{"x":"' + b"x" * (hostile.ONE_MEBIBYTE - 7) + b'"}'
        assert len(content) == hostile.ONE_MEBIBYTE + 1

        for route in routes_with_a_body(app, "application/json"):
            response = await stored.client.request(
                route.method, stored.path(route), content=chunks(content) if is_chunked else content, headers=JSON
            )

            assert ("content-length" in response.request.headers) is not is_chunked
            assert_answered(app, route, response, {413})
        assert await stored.is_unchanged()

    @pytest.mark.parametrize("length", ["-1", "x", "", "1e3", "999999999999999999999", "5, 5"])
    async def test_a_length_that_is_a_lie_stores_nothing(self, app: Litestar, stored: Stored, length: str) -> None:
        status, _ = await raw_request(
            app, "POST", b"/todos", token=stored.token, body={"title": ""}, headers={"content-length": length}
        )

        assert status in {400, 413, 422}
        assert await stored.is_unchanged()


def routes_with_a_body(app: Litestar, media_type: str) -> list[Route]:
    """Return the routes whose operations take such a body."""
    document = document_of(app)
    found = [
        route
        for route in routes_of(app)
        if route.is_described and media_type in operation(document, route).get("requestBody", {}).get("content", {})
    ]
    assert found
    return found


def operation(document: Json, route: Route) -> Json:
    """Return what the document says of a route."""
    return document["paths"][route.path][route.method.lower()]


def bodies_by_example(app: Litestar) -> Iterator[tuple[Route, Json]]:
    """Yield every route that takes JSON, with the example of its body."""
    document = document_of(app)
    for route in routes_with_a_body(app, "application/json"):
        schema = str(operation(document, route)["requestBody"]["content"]["application/json"]["schema"])
        name = schema.partition("#/components/schemas/")[2].partition("'")[0]
        yield route, document["components"]["schemas"][name]["examples"][0]


def with_each_text_replaced(value: Any, text: str) -> Iterator[Any]:
    """Yield copies of a JSON value, in each of which one text, or the name of one field, is another."""
    if isinstance(value, str):
        yield text
    elif isinstance(value, list):
        items = cast("list[Any]", value)
        for index, item in enumerate(items):
            for changed in with_each_text_replaced(item, text):
                yield [*items[:index], changed, *items[index + 1 :]]
    elif isinstance(value, dict):
        fields = cast("Json", value)
        yield fields | {text: "x"}
        for name, item in fields.items():
            for changed in with_each_text_replaced(item, text):
                yield fields | {name: changed}


def assert_answered(app: Litestar, route: Route, response: httpx.Response, statuses: set[int]) -> None:
    """Assert that an answer is one of the expected ones, and that the document promises it."""
    assert response.status_code in statuses, (route, response.text)
    assert str(response.status_code) in operation(document_of(app), route)["responses"], (route, response.text)
    if not response.is_success:
        assert response.headers["content-type"] == "application/problem+json"


async def chunks(content: bytes) -> AsyncGenerator[bytes]:
    """Yield a body piece by piece."""
    for start in range(0, len(content), 65_536):
        yield content[start : start + 65_536]
