"""What the document says of the parameters of queries is what is enforced: neither more nor less.

Parameters and limits come from the document, so that a new one is covered by itself.
"""

from collections import Counter
from collections.abc import Iterator

import httpx
from litestar import Litestar
from msgspec import Struct

from tests.api import Json, document_of

STEPS = {"maxLength": 1, "minLength": -1, "maximum": 1, "minimum": -1, "maxItems": 1}
"""From each limit to what is beyond it."""

FITTING = {"date": "2026-12-24", "date-time": "2026-12-24T09:00:00Z"}
"""An example of each format."""

OF_ANOTHER_TYPE = {"integer": "1.0", "boolean": "perhaps"}


class Value(Struct, frozen=True):
    """What a parameter is given, once for each item, and whether it fits."""

    limit: str
    items: list[str]
    fits: bool


class ParameterLimitsApi:
    async def test_what_is_at_a_limit_is_taken_and_what_is_beyond_it_is_named(
        self, app: Litestar, authed_client: httpx.AsyncClient
    ) -> None:
        tried: Counter[str] = Counter()

        for path, parameter in parameters(document_of(app)):
            name = parameter["name"]
            for value in values(parameter["schema"]):
                response = await authed_client.get(path, params={name: value.items})

                case = (path, name, value, response.text[:500])
                assert response.status_code == (200 if value.fits else 422), case
                assert value.fits or {error["parameter"] for error in response.json()["errors"]} == {name}, case
                tried[value.limit] += 1
        assert tried.keys() >= {*STEPS.keys() - {"maxItems"}, "enum", "format", "type"}
        assert tried.total() > 50


def parameters(document: Json) -> Iterator[tuple[str, Json]]:
    """Yield each parameter that a query may have, and its path."""
    for path, item in document["paths"].items():
        for parameter in item.get("get", {}).get("parameters", []):
            if parameter["in"] == "query":
                yield path, parameter


def values(schema: Json) -> Iterator[Value]:
    """Yield what is on both sides of each limit."""
    if schema["type"] == "array":  # which is given once for each item
        yield from values(schema["items"])
    if schema["type"] in OF_ANOTHER_TYPE:
        yield Value("type", [OF_ANOTHER_TYPE[schema["type"]]], fits=False)
    for limit, step in STEPS.items():
        if limit in schema:
            yield Value(limit, of_size(limit, schema[limit]), fits=True)
            yield Value(limit, of_size(limit, schema[limit] + step), fits=False)
    if "enum" in schema:
        yield from (Value("enum", [word], fits=True) for word in schema["enum"])
        yield Value("enum", ["something else"], fits=False)
    formats = {
        kind["format"]
        for kind in (schema, *schema.get("anyOf", ()))
        if kind.get("type") == "string" and "format" in kind
    }
    if formats:
        yield from (Value("format", [example], fits=form in formats) for form, example in FITTING.items())
        yield Value("format", ["24.12.2026"], fits=False)


def of_size(limit: str, size: int) -> list[str]:
    """Return a text that is as long, a number that is as large, or as many different texts."""
    if limit == "maxItems":
        return [f"item {number}" for number in range(size)]
    return ["x" * size if "Length" in limit else str(size)]
