"""Parameters of paths and queries, decoded strictly."""

import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec
from litestar import Request
from litestar.datastructures import MultiDict
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import PathParameter
from msgspec import Meta, Struct, inspect, structs

from domain.clock import in_utc
from domain.errors import Invalid, NotFound
from entrypoints.http.messages import NO_INSTANT, alternatives, in_words
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
    query = options_of(request.route_handler).query
    known = {} if query is None else _described(query)
    names = [name for name, _ in request.query_params.items()]
    unknown = sorted({name for name in names if name not in known})
    if unknown:
        raise UnknownParameters(unknown)
    for name in names:
        if names.count(name) > 1 and not known[name].is_list:
            raise Invalid("It is given more than once.", parameter=name)


def parse_query(query: MultiDict[str], wanted: type[_Query]) -> _Query:
    """Return the parameters of a query as the Struct that describes them; the names are known to be right.

    All of them are text, so a number may be written as text. It has one spelling, though, in digits: ``1e1`` and
    ``10.0`` are none. An instant is written as RFC 3339 has it, not as seconds since 1970. And the word ``null`` is a
    word, because no type of a parameter has null in it: what may be absent is ``UNSET``. What is a list may stand there
    several times.

    :raises Invalid: with every parameter that stands for nothing of its type.
    """
    described = _described(wanted)
    values: dict[str, object] = {}
    for name in query:
        parameter = described[name]
        if parameter.spelling is not None and not parameter.spelling.pattern.fullmatch(query[name]):
            raise _faults(query, wanted)
        values[name] = query.getall(name) if parameter.is_list else query[name]
    try:
        return msgspec.convert(values, wanted, strict=False)
    except msgspec.ValidationError:
        raise _faults(query, wanted) from None


def _faults(query: MultiDict[str], wanted: type[Struct]) -> Invalid:
    """Return what is wrong with each parameter."""
    described = _described(wanted)
    return Invalid.together([fault for name in query for fault in described[name].faults(query.getall(name))])


class _Spelling(NamedTuple):
    """How a value of a type is written in a query."""

    pattern: re.Pattern[str]
    detail: str


_INTEGER = _Spelling(re.compile(r"-?[0-9]{1,19}"), "Must be an integer, in digits.")
_BOOLEAN = _Spelling(re.compile(r"true|false|[01]", re.IGNORECASE), "Must be true or false.")
_INSTANT = _Spelling(re.compile(r"[0-9]{4}-.*"), NO_INSTANT)


class _Parameter(Struct, frozen=True):
    """A parameter of a query; ``spelling`` is narrower than what msgspec takes for its type."""

    name: str
    annotation: Any
    kind: inspect.Type
    spelling: _Spelling | None
    is_list: bool

    def faults(self, texts: list[str]) -> Iterator[Invalid]:
        """Yield what is wrong with it, if anything is."""
        if self.spelling is not None and not self.spelling.pattern.fullmatch(texts[0]):
            yield Invalid(self.spelling.detail, parameter=self.name)
            return
        try:
            msgspec.convert(texts if self.is_list else texts[0], self.annotation, strict=False)
        except msgspec.ValidationError as error:
            said, _, in_list = str(error).partition(" - at `$")
            kind = next(_items(self.kind)) if in_list else self.kind
            yield Invalid(in_words(said, kind, texts[0]), parameter=self.name)


@cache
def _described(wanted: type[Struct]) -> dict[str, _Parameter]:
    return {field.encode_name: _parameter(field) for field in structs.fields(wanted)}


def _parameter(field: structs.FieldInfo) -> _Parameter:
    kind = inspect.type_info(field.type)
    plain = [*alternatives(kind)]
    spelling = next((_SPELLINGS[type(each)] for each in plain if type(each) in _SPELLINGS), None)
    is_list = any(isinstance(each, inspect.ListType) for each in plain)
    return _Parameter(field.encode_name, field.type, kind, spelling, is_list)


def _items(kind: inspect.Type) -> Iterator[inspect.Type]:
    return (each.item_type for each in alternatives(kind) if isinstance(each, inspect.ListType))


_SPELLINGS: dict[type[inspect.Type], _Spelling] = {
    inspect.IntType: _INTEGER,
    inspect.BoolType: _BOOLEAN,
    inspect.DateTimeType: _INSTANT,
}

DayOrInstant = Annotated[
    str,
    Meta(
        examples=["2026-12-24"],
        extra_json_schema={"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]},
    ),
]
"""A parameter that is a day, or an instant; see ``parse_day_or_instant``. msgspec knows no type that is either."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NEITHER = "Must be a day, such as 2026-12-24, or an instant, such as 2026-12-24T09:00:00Z."
_Instant = Annotated[datetime, Meta(tz=True)]


def parse_day_or_instant(text: str, *, parameter: str) -> date | datetime:
    """Return the day, or the instant in UTC, that a parameter names.

    :raises Invalid: if it names neither, or lies outside the calendar.
    """
    wanted = date if _DAY.fullmatch(text) else _Instant
    try:
        value: date | datetime = msgspec.convert(text, wanted)
    except msgspec.ValidationError as error:
        detail = in_words(str(error), inspect.type_info(wanted), text)
        raise Invalid(_NEITHER if detail == NO_INSTANT else detail, parameter=parameter) from None
    return in_utc(value, parameter=parameter) if isinstance(value, datetime) else value


@contextmanager
def naming_parameters(**names: str) -> Generator[None]:
    """Say which parameter of a query is wrong where the domain names a field of what it was put into.

    ``names`` are those of the parameters, by those of the fields.

    :raises Invalid: with the name of the parameter instead of a pointer.
    """
    try:
        yield
    except Invalid as error:
        raise Invalid.together([_named(fault, names) for fault in error.faults]) from None


def _named(fault: Invalid, names: Mapping[str, str]) -> Invalid:
    name = names.get((fault.pointer or "").removeprefix("/"))
    return fault if name is None else Invalid(fault.detail, parameter=name)
