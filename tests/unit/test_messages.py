"""What clients are told of values that do not fit: in their words, whatever language they write in."""

import re
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import httpx
import msgspec
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute
from msgspec import Struct, UnsetType, inspect, structs

from entrypoints.http.messages import UNKNOWN, in_words
from entrypoints.http.routes import options_of
from tests.api import assert_problem

OF_ONE_LANGUAGE = re.compile(r"`|\b(str|int|float|bool|None|True|False|null \||regex|RFC3339)\b|\^|\$")


def test_every_constraint_of_every_schema_has_words(app: Litestar) -> None:
    tried = 0

    for wanted in types_of(app):
        kind = inspect.type_info(wanted)
        for value in values_that_may_not_fit(kind):
            said = said_of(value, wanted)
            if said is not None:
                words = in_words(said, kind, value)
                assert words != UNKNOWN, (said, kind)
                assert not OF_ONE_LANGUAGE.search(words), (said, words)
                assert re.fullmatch(r"[A-Z].*\.", words, re.DOTALL), (said, words)
                tried += 1
    assert tried > 200


def test_every_pattern_is_described(app: Litestar) -> None:
    words = [
        in_words(said, inspect.type_info(wanted), "\n")
        for wanted in types_of(app)
        if get_origin(wanted) is Annotated and (said := said_of("\n", wanted)) and "regex" in said
    ]

    assert words
    assert all(re.fullmatch(r"Does not have this form: \w.*\.", each) for each in words), words


@pytest.mark.parametrize(
    ("query", "parameter", "detail"),
    [
        ("limit=201", "limit", "Must be from 1 to 200."),
        ("limit=x", "limit", "Must be an integer, in digits."),
        ("done=maybe", "done", "Must be true or false."),
        ("priority=0", "priority", "Must be from 1 to 5."),
        ("include=total", "include", "Must be one of: count."),
        ("q=", "q", "Must have 1 to 200 characters."),
        (f"q={'x' * 201}", "q", "Must have 1 to 200 characters."),
        ("q=a%00b", "q", "Must not contain the character U+0000."),
        (
            "due_before=2026-12-24T09:00:00+01:00",
            "due_before",
            "Has a blank where a plus sign was meant: in a query that is written %2B.",
        ),
        (
            "due_after=2026-12-24T09:00:00.5+0100",
            "due_after",
            "Has a blank where a plus sign was meant: in a query that is written %2B.",
        ),
        ("due_before=2026-02-30T09:00:00Z", "due_before", "There is no day 2026-02-30 in the calendar."),
        ("due_before=2026-12-24T09:00:00", "due_before", "Must have an offset, such as Z or +02:00."),
    ],
)
async def test_a_parameter_that_does_not_fit_is_told_why(
    authed_client: httpx.AsyncClient, query: str, parameter: str, detail: str
) -> None:
    problem = assert_problem(await authed_client.get(f"/todos?{query}"), 422, "invalid")

    assert problem["errors"] == [{"detail": detail, "parameter": parameter}]
    assert problem["detail"] == detail


async def test_a_value_that_is_not_one_of_a_few_hears_which_there_are(authed_client: httpx.AsyncClient) -> None:
    sort = assert_problem(await authed_client.get("/todos?sort=name"), 422, "invalid")
    token = {"name": "x", "scopes": ["todos:read", "todos"]}
    scope = assert_problem(await authed_client.post("/auth/tokens", json=token), 422, "invalid")

    assert sort["detail"].startswith("Must be one of: created_at, -created_at, ")
    assert scope["errors"][0]["pointer"] == "/scopes/1"
    assert scope["detail"].startswith("Must be one of: todos:read, ")


async def test_all_parameters_that_do_not_fit_are_named_at_once(authed_client: httpx.AsyncClient) -> None:
    problem = assert_problem(await authed_client.get("/todos?limit=0&done=x&priority=2&q="), 422, "invalid")

    assert {error["parameter"]: error["detail"] for error in problem["errors"]} == {
        "limit": "Must be from 1 to 200.",
        "done": "Must be true or false.",
        "q": "Must have 1 to 200 characters.",
    }
    assert problem["detail"] == "3 values do not fit."


def types_of(app: Litestar) -> Iterator[Any]:
    """Yield every type in a body or in a query."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                if handler.resolve_include_in_schema():
                    if "data" in handler.parsed_fn_signature.parameters:
                        yield from types_in(handler.parsed_fn_signature.parameters["data"].annotation)
                    query = options_of(handler).query
                    if query is not None:
                        yield from types_in(query)


def types_in(wanted: Any) -> Iterator[Any]:
    """Yield a type and all types in it of which something can be said."""
    if wanted is UnsetType:
        return
    yield wanted
    if isinstance(wanted, type) and issubclass(wanted, Struct):
        for field in structs.fields(wanted):
            yield from types_in(field.type)
    elif get_origin(wanted) is Annotated:
        yield from types_in(get_args(wanted)[0])
    elif get_origin(wanted) in {Union, UnionType, list}:
        for each in get_args(wanted):
            yield from types_in(each)


ANYTHING: list[Any] = [None, True, 5, 1.5, "x", "\n", "", [], ["x"], {}, {"no such": 1}, 2**70, -(2**70)]
MOMENTS = ["2026-02-30", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00 01:00", "0000-01-01"]


def values_that_may_not_fit(kind: inspect.Type) -> Iterator[Any]:
    """Yield values of all types, and what is beyond each bound."""
    yield from ANYTHING
    yield from MOMENTS
    if isinstance(kind, inspect.Metadata):
        yield from values_that_may_not_fit(kind.type)
    elif isinstance(kind, inspect.IntType):
        yield from (bound + step for bound in (kind.ge, kind.le) if bound is not None for step in (-1, 1))
    elif isinstance(kind, inspect.StrType):
        yield from ("x" * (bound + 1) for bound in (kind.min_length, kind.max_length) if bound is not None)
    elif isinstance(kind, inspect.UnionType):
        for each in kind.types:
            yield from values_that_may_not_fit(each)


def said_of(value: Any, wanted: Any) -> str | None:
    """Return what msgspec says of a value; nothing if it fits."""
    try:
        msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        return str(error).partition(" - at `$")[0]
    return None
