"""What the schemas say of bodies is what is enforced: neither more, which generated clients would refuse, nor less.

Fields and limits come from the document, so that a new one is covered by itself.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, cast

import httpx
import pytest
from msgspec import Struct

from domain.zones import zone_names
from tests.api import Json, Route, assert_problem, document_of, routes_of
from tests.contract.two_accounts import Accounts, TwoAccounts, path_with

FORM = "application/x-www-form-urlencoded"
"""In which what does not fit is 400 (RFC 6749, section 5.2)."""

OF_ANOTHER_TYPE: Json = {"string": 7, "integer": "7", "boolean": "true", "array": {}, "object": []}
MALFORMED = {"date": "24.12.2026", "date-time": "2026-12-24T09:00:00", "idn-email": "ada"}
NO_TIMES = ("", "9:00", "24:00", "09:00:60", "09:00\n")

ZONES = {"zone", "time_zone"}
"""Fields that take some names only, all of them shorter than the limit."""

STEPS = {"maxLength": 1, "minLength": -1, "maximum": 1, "minimum": -1, "maxItems": 1, "minItems": -1}
"""From each limit to what is beyond it."""


class Value(Struct, frozen=True):
    """A value of a body that is at a limit, or just beyond it."""

    limit: str
    pointer: str
    fits: bool
    body: Any


class Field(Struct, frozen=True):
    """A value of a body, and how to get a body that has another one there."""

    name: str
    pointer: str
    schema: Json
    example: Any
    body_with: Callable[[object], Any]

    def value(self, limit: str, value: object, *, fits: bool) -> Value:
        """Return a body that has this value here."""
        return Value(limit, self.pointer, fits, self.body_with(value))


class BodyLimitsApi(TwoAccounts):
    """How large, how long, how many, and of which form."""

    async def test_what_is_at_a_limit_is_taken_and_what_is_beyond_it_is_pointed_to(self, accounts: Accounts) -> None:
        tried: Counter[str] = Counter()

        for route, media_type, value in values(document_of(accounts.app), list(routes_of(accounts.app))):
            response = await send(accounts, route, media_type, value.body)

            case = (route, media_type, value, response.text[:500])
            problem: Json = response.json() if response.is_error else {}
            pointers = [error["pointer"] for error in problem.get("errors", [])]
            if value.fits:
                assert response.status_code < 500, case
                assert value.pointer not in pointers, case
            else:
                assert response.status_code == (400 if media_type == FORM else 422), case
                assert pointers == ([] if value.pointer == "/grant_type" else [value.pointer]), case
            tried[value.limit] += 1
        assert tried.keys() == {
            *("type", "null", "maxLength", "minLength", "pattern", "format", "enum"),
            *("minimum", "maximum", "minItems", "maxItems"),
        }
        assert tried.total() > 150
        assert (await accounts.ada.get("/me")).status_code == 200

    @pytest.mark.parametrize(
        ("method", "path", "body", "pointer"),
        [
            ("POST", "/todos", {"title": f" {'x' * 200}"}, "/title"),
            ("POST", "/todos", {"title": "x", "tags": [f"{'x' * 50} "]}, "/tags/0"),
            ("PATCH", "/me", {"display_name": f"{'x' * 100}\n"}, "/display_name"),
            ("POST", "/auth/tokens", {"name": f" {'x' * 100}", "scopes": ["todos:read"]}, "/name"),
        ],
    )
    async def test_blanks_around_a_label_count(
        self, authed_client: httpx.AsyncClient, method: str, path: str, body: Json, pointer: str
    ) -> None:
        response = await authed_client.request(method, path, json=body)

        assert_problem(response, 422, "invalid", pointer=pointer)


async def send(accounts: Accounts, route: Route, media_type: str, body: Any) -> httpx.Response:
    """Send a body as Ada."""
    sent: Json = {"data": body} if media_type == FORM else {"json": body}
    headers = {"Content-Type": media_type}
    return await accounts.ada.request(route.method, path_with(route, accounts.ids), headers=headers, **sent)


def values(document: Json, routes: list[Route]) -> Iterator[tuple[Route, str, Value]]:
    """Yield a body for each side of each limit of each body that an operation takes."""
    for route in routes:
        operation = document["paths"].get(route.path, {}).get(route.method.lower(), {})
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            schema = resolved(document, content["schema"])
            whole = Field("", "", schema, schema["examples"][0], lambda value: value)
            for value in (value for field in fields_in(document, whole) for value in sides_of(field)):
                if media_type != FORM or value.limit not in {"type", "null"}:  # all that is in a form is text
                    yield route, media_type, value


def fields_in(document: Json, place: Field) -> Iterator[Field]:
    """Yield everything that stands in a value, however deep."""
    for name, described in place.schema.get("properties", {}).items():
        schema = resolved(document, described)
        beside = {other: example_of(place, other) for other in place.schema.get("dependentRequired", {}).get(name, [])}
        field = Field(
            name,
            f"{place.pointer}/{name}",
            schema,
            place.example.get(name, {}) if "properties" in schema else example_of(place, name),
            lambda value, name=name, beside=beside: place.body_with({**place.example, **beside, name: value}),
        )
        yield field
        yield from fields_in(document, field)
    if "items" in place.schema:
        items = resolved(document, place.schema["items"])
        yield Field(place.name, f"{place.pointer}/0", items, place.example[0], lambda value: place.body_with([value]))


def resolved(document: Json, schema: Json) -> Json:
    """Return what a schema refers to; of an object that may be null, the object, which says so as its type."""
    if "anyOf" in schema:
        referred = resolved(document, schema["anyOf"][0])
        return referred | {"type": [referred["type"], "null"]}
    return document["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def example_of(place: Field, name: str) -> Any:
    """Return an example of a field of an object."""
    found = place.schema["properties"][name].get("examples", [None])[0]
    return place.example.get(name, found)


def sides_of(field: Field) -> Iterator[Value]:
    """Yield both sides of each limit of a value."""
    said = field.schema
    kinds = cast("list[str]", said["type"] if isinstance(said["type"], list) else [said["type"]])
    yield field.value("null", None, fits="null" in kinds)
    yield field.value("type", OF_ANOTHER_TYPE[kinds[0]], fits=False)
    for limit, step in STEPS.items():
        if limit in said:
            yield field.value(limit, of_size(field, limit, said[limit]), fits=True)
            yield field.value(limit, of_size(field, limit, said[limit] + step), fits=False)
    yield from (field.value("enum", word, fits=True) for word in said.get("enum", []))
    if "enum" in said:
        yield field.value("enum", "something else", fits=False)
    if "pattern" in said:
        yield field.value("pattern", field.example, fits=True)
        yield from (field.value("pattern", text, fits=False) for text in NO_TIMES)
    if "format" in said:
        yield field.value("format", MALFORMED[said["format"]], fits=False)


def of_size(field: Field, limit: str, size: int) -> object:
    """Return a value that is as large, or as long, or has as many items."""
    if "Length" in limit:
        return text_for(field, size)
    return field.example[:1] * size if "Items" in limit else size


def text_for(field: Field, length: int) -> str:
    """Return a text of so many characters that is good but for its length; of zones there is none."""
    if field.name == "email":
        return "ada@example.com".center(length)
    if field.name in ZONES and length <= field.schema["maxLength"]:
        return max(zone_names(), key=len)
    return ("q7ü-" * length)[:length]
