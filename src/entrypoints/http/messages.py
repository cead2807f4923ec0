"""What msgspec says of values that do not fit, in words for people who write clients in any language.

The table is the only place that knows msgspec's words. A test goes through every constraint of every schema and finds
each of them here.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, cast

from msgspec import inspect

_MAX_LENGTH = 100
"""Characters of a client's own words that come back in a message."""

_Words = Callable[[re.Match[str], inspect.Type, object], str]

_NAMES = {
    "str": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "array": "an array",
    "object": "an object",
    "null": "null",
    "date": "a date, such as 2026-12-24",
    "datetime": "an instant, such as 2026-12-24T09:00:00Z",
}
"""The types of JSON, and what strings may stand for, by msgspec's names."""

NO_INSTANT = f"Must be {_NAMES['datetime']}."
"""What is said of a text that does not look like an instant at all."""

_NAMES_OF_WHAT_IS_THERE = {"bool": "a boolean", "float": "a fraction"}

_UNITS = {"str": "characters", "array": "items"}
_COMPARISONS = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}

_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?![0-9])")
_PLUS_BECAME_BLANK = re.compile(r".*T[0-9:.]+ [0-9]{2}:?[0-9]{2}", re.DOTALL)


def in_words(said: str, kind: inspect.Type, value: object) -> str:
    """Return what is wrong with ``value``, of which msgspec ``said`` something because it is to be of a ``kind``."""
    for pattern, words in MESSAGES:
        match = pattern.fullmatch(said)
        if match:
            return words(match, kind, value)
    return UNKNOWN


def alternatives(kind: inspect.Type) -> Iterator[inspect.Type]:
    """Yield each type that a value may have, without what is said about it."""
    if isinstance(kind, inspect.Metadata):
        yield from alternatives(kind.type)
    elif isinstance(kind, inspect.UnionType):
        for each in kind.types:
            yield from alternatives(each)
    else:
        yield kind


def _type(match: re.Match[str], _: inspect.Type, __: object) -> str:
    wanted = " or ".join(_NAMES.get(name, "of another type") for name in match["expected"].split(" | "))
    return f"Must be {wanted}, not {_NAMES_OF_WHAT_IS_THERE.get(match['got']) or _NAMES.get(match['got'], 'this')}."


def _moment(value: str, name: str) -> str:
    day = _DAY.match(value)
    if day and not _exists(*map(int, day.groups())):
        return f"There is no day {day[0]} in the calendar."
    if _PLUS_BECAME_BLANK.fullmatch(value):
        return "Has a blank where a plus sign was meant: in a query that is written %2B."
    return f"Must be {_NAMES[name]}."


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _bound(match: re.Match[str], kind: inspect.Type, _: object) -> str:
    for each in alternatives(kind):
        if isinstance(each, (inspect.IntType, inspect.FloatType)) and each.ge is not None and each.le is not None:
            return f"Must be from {each.ge} to {each.le}."
    return f"Must be {_COMPARISONS[match['comparison']]} {match['bound']}."


def _length(match: re.Match[str], kind: inspect.Type, _: object) -> str:
    unit = _UNITS[match["name"]]
    for each in alternatives(kind):
        if isinstance(each, (inspect.StrType, inspect.ListType)) and each.min_length and each.max_length:
            return f"Must have {each.min_length} to {each.max_length} {unit}."
    if match["comparison"] == ">=" and match["bound"] == "1":
        return "Must not be empty."
    return f"Must have {_COMPARISONS[match['comparison']]} {match['bound']} {unit}."


def _pattern(_: re.Match[str], kind: inspect.Type, __: object) -> str:
    """Tell what the description of the type says: a regular expression is not for everybody."""
    return f"Does not have this form: {_description(kind)}"


def _description(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.UnionType):
        return next((found for each in kind.types if (found := _description(each))), "")
    if isinstance(kind, inspect.Metadata):
        schema = cast("dict[str, str] | None", kind.extra_json_schema) or {}  # pyright: ignore[reportUnknownMemberType]
        return schema.get("description") or _description(kind.type)
    return ""


def _choice(_: re.Match[str], kind: inspect.Type, __: object) -> str:
    values: list[object] = []
    for each in alternatives(kind):
        if isinstance(each, inspect.LiteralType):
            values += each.values
        elif isinstance(each, inspect.EnumType):
            values += [member.value for member in each.cls]
    return f"Must be one of: {', '.join(map(str, values))}."


def _date(_: re.Match[str], __: inspect.Type, value: object) -> str:
    return _moment(cast("Any", value), "date")


def _instant(_: re.Match[str], __: inspect.Type, value: object) -> str:
    return _moment(cast("Any", value), "datetime")


def _always(words: str) -> _Words:
    return lambda _, __, ___: words


def _named(words: str) -> _Words:
    return lambda match, _, __: words.format(match["name"][:_MAX_LENGTH])


MESSAGES: tuple[tuple[re.Pattern[str], _Words], ...] = tuple(
    (re.compile(pattern, re.DOTALL), words)
    for pattern, words in (
        (r"Expected `(?P<expected>[a-z |]+)`, got `(?P<got>[a-z]+)`", _type),
        (r"Expected `(?:int|float)` (?P<comparison>[<>]=?) (?P<bound>[-+.0-9e]+)", _bound),
        (r"Expected `(?P<name>str|array)` of length (?P<comparison>[<>]=) (?P<bound>[0-9]+)", _length),
        (r"Expected `str` matching regex .*", _pattern),
        (r"Expected `datetime` with a timezone component", _always("Must have an offset, such as Z or +02:00.")),
        (r"Invalid enum value .*", _choice),
        (r"Invalid RFC3339 encoded date", _date),
        (r"Invalid RFC3339 encoded datetime", _instant),
        (r"(?:Integer value|Number) out of range", _always("Is too large for a number.")),
        (r"Object contains unknown field `(?P<name>.*)`", _named('There is no field "{}" here.')),
        (r"Object missing required field `(?P<name>.*)`", _named('The field "{}" is missing.')),
    )
)
"""What msgspec says, and what is said instead."""

UNKNOWN = "Does not fit; the documentation says what does."
"""What is said where msgspec says something that the table does not know."""

_DECODE_MESSAGES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"Input data was truncated"), "it ends too early"),
    (re.compile(r"JSON is malformed: (.*) \(byte ([0-9]+)\)"), r"\1, at byte \2"),
    (re.compile(r"'utf-8' codec can't decode .*"), "a string in it is not UTF-8"),
    (re.compile(r"maximum recursion depth exceeded.*"), "it is nested too deeply"),
)

_FIRST_HALVES, _SECOND_HALVES = range(0xD800, 0xDC00), range(0xDC00, 0xE000)
"""Surrogates (Unicode Standard, section 3.8): UTF-16 writes a character beyond the first plane with one of each."""

_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)


def malformed(body: bytes, error: Exception) -> str:
    """Return why a body is no JSON."""
    surrogate = _lone_surrogate(body)
    if surrogate is not None:
        name = surrogate[0].decode()
        return f"{name}, at byte {surrogate.start()}, is a lone surrogate: half of a character that has two escapes"
    said = str(error).splitlines()[0] if str(error) else ""
    for pattern, words in _DECODE_MESSAGES:
        match = pattern.fullmatch(said)
        if match:
            return match.expand(words)
    return "it cannot be read"


def _lone_surrogate(body: bytes) -> re.Match[bytes] | None:
    """Return the first escape that is half of a character (RFC 8259, section 7)."""
    first: re.Match[bytes] | None = None
    for escape in _ESCAPE.finditer(body):
        number = int(escape[1], 16) if escape[1] else 0
        is_pair = first is not None and number in _SECOND_HALVES and escape.start() == first.end()
        if first is not None and not is_pair:
            return first
        if number in _SECOND_HALVES and not is_pair:
            return escape
        first = escape if number in _FIRST_HALVES else None
    return first
