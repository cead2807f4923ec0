"""Parameters of paths and queries, decoded strictly."""

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Annotated, Any, NamedTuple, TypeVar, cast

import msgspec
from litestar import Request
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import PathParameter
from msgspec import Struct, inspect, structs

from domain.errors import Invalid, NotFound
from entrypoints.http.messages import in_words
from entrypoints.http.problems import UnknownParameters
from entrypoints.http.routes import options_of

_Query = TypeVar("_Query", bound=Struct)

_MAX_ID = 2**63 - 1

_ID = re.compile(r"[1-9][0-9]{0,18}")


class PathId(int):
    """An id that stands in a path, where it has one spelling only."""


Id = Annotated[
    PathId,
    PathParameter(
        description="A positive integer of 64 bits.",
        schema_extra={
            "type": OpenAPIType.INTEGER,
            "format": "int64",
            "minimum": 1,
            "maximum": _MAX_ID,
            "examples": [1],
        },
    ),
]


def parse_id(text: str) -> PathId:
    """Do what ``{id:int}`` in a path would do, but not take ``+7``, ``0_7`` or other digits than ours for 7.

    :raises NotFound: if it is no id.
    """
    if _ID.fullmatch(text):
        value = PathId(text)
        if value <= _MAX_ID:
            return value
    raise NotFound("There is nothing with such an id.")


def refuse_unknown_parameters(request: Request[Any, Any, Any]) -> None:
    """Refuse a query with a parameter that the route does not know, or with one that is given twice.

    What is misspelt would otherwise be a condition that nobody fulfils, or a limit that does not hold; and of a
    parameter that stands twice, whoever looks at the query on its way here may take the other one.

    :raises UnknownParameters: with the names of all that are not known.
    :raises Invalid: with the name of one that is given twice.
    """
    if not request.scope["query_string"]:
        return
    known = options_of(request.route_handler).parameters
    names = [name for name, _ in request.query_params.items()]
    unknown = sorted({name for name in names if name not in known})
    if unknown:
        raise UnknownParameters(unknown)
    for name in names:
        if names.count(name) > 1:
            raise Invalid("It is given more than once.", parameter=name)


def parse_query(query: Mapping[str, str], wanted: type[_Query]) -> _Query:
    """Return the parameters of a query as the Struct that describes them; the names are known to be right.

    All of them are text, so a number may be written as text. It has one spelling, though, in digits: ``1e1`` and
    ``10.0`` are none. An instant is written as RFC 3339 has it, not as seconds since 1970. And the word ``null`` is a
    word, because no type of a parameter has null in it: what may be absent is ``UNSET``.

    :raises Invalid: if a parameter stands for nothing of its type.
    """
    if any(not spelling.pattern.fullmatch(query[name]) for name, spelling in _spellings(wanted) if name in query):
        raise _faults(query, wanted)
    try:
        return msgspec.convert(dict(query), wanted, strict=False)
    except msgspec.ValidationError:
        raise _faults(query, wanted) from None


def _faults(query: Mapping[str, str], wanted: type[Struct]) -> Invalid:
    """Return what is wrong with each parameter."""
    spellings = dict(_spellings(wanted))
    faults: list[Invalid] = []
    for field in structs.fields(wanted):
        value = query.get(field.encode_name)
        if value is None:
            continue
        spelling = spellings.get(field.encode_name)
        if spelling is not None and not spelling.pattern.fullmatch(value):
            faults.append(Invalid(spelling.detail, parameter=field.encode_name))
            continue
        try:
            msgspec.convert(value, field.type, strict=False)
        except msgspec.ValidationError as error:
            said, _, _ = str(error).partition(" - at `$")
            detail = in_words(said, inspect.type_info(field.type), value)
            faults.append(Invalid(detail, parameter=field.encode_name))
    return Invalid.together(faults)


class _Spelling(NamedTuple):
    """How a value of a type is written in a query."""

    pattern: re.Pattern[str]
    detail: str


_INTEGER = _Spelling(re.compile(r"-?[0-9]{1,19}"), "Must be an integer, in digits.")
_BOOLEAN = _Spelling(re.compile(r"true|false|[01]", re.IGNORECASE), "Must be true or false.")
_INSTANT = _Spelling(re.compile(r"[0-9]{4}-.*"), "Must be an instant, such as 2026-12-24T09:00:00Z.")


@cache
def _spellings(wanted: type[Struct]) -> tuple[tuple[str, _Spelling], ...]:
    """Return which parameters have a spelling that is narrower than what msgspec takes for their type."""
    described = cast("inspect.StructType", inspect.type_info(wanted))
    found: list[tuple[str, _Spelling]] = []
    for field in described.fields:
        kinds = field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)
        for kind in kinds:
            plain = kind.type if isinstance(kind, inspect.Metadata) else kind
            if isinstance(plain, inspect.IntType):
                found.append((field.encode_name, _INTEGER))
            elif isinstance(plain, inspect.BoolType):
                found.append((field.encode_name, _BOOLEAN))
            elif isinstance(plain, inspect.DateTimeType):
                found.append((field.encode_name, _INSTANT))
    return tuple(found)


@contextmanager
def naming_parameters(**names: str) -> Generator[None]:
    """Say which parameter of a query is wrong where the domain names a field of what it was put into.

    ``names`` are those of the parameters, by those of the fields.

    :raises Invalid: with the name of the parameter instead of a pointer.
    """
    try:
        yield
    except Invalid as error:
        name = names.get((error.pointer or "").removeprefix("/"))
        raise error if name is None else Invalid(error.detail, parameter=name) from None
