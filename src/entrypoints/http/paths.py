"""Parameters and headers that many routes have."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request
from litestar.datastructures import ResponseHeader
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import PathParameter
from litestar.types import TypeDecodersSequence

from domain.clock import in_utc
from domain.errors import Invalid

_MAX_ID = 2**63 - 1

_ID = re.compile(r"[1-9][0-9]{0,18}")
_INTEGER = re.compile(r"-?[0-9]{1,19}")


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


def _decode_id(_: type[PathId], text: str) -> PathId:
    """Do what ``{id:int}`` in a path would do, but not take ``+7``, ``0_7`` or other digits than ours for 7."""
    if not _ID.fullmatch(text) or int(text) > _MAX_ID:
        raise ValueError
    return PathId(text)


TYPE_DECODERS: TypeDecodersSequence = [(lambda wanted: wanted is PathId, _decode_id)]

LOCATION = ResponseHeader(name="Location", documentation_only=True, description="Where the new thing is.")
LINK = ResponseHeader(name="Link", documentation_only=True, description='The next page, with rel="next" (RFC 8288).')


def parse_parameter(text: str | None, wanted: Any, *, parameter: str, strict: bool = False) -> Any:
    """Return a parameter of a query as what it stands for; ``None`` if it was not given.

    The framework would take the word ``null`` for a parameter that was not given, and a number for an instant.

    :raises Invalid: if it stands for nothing of the ``wanted`` type.
    """
    if text is None:
        return None
    try:
        return msgspec.convert(text, wanted, strict=strict)
    except msgspec.ValidationError as error:
        raise Invalid(f"{error}.", parameter=parameter) from None


def parse_integer(text: str | None, wanted: Any, *, parameter: str) -> int | None:
    """Return a parameter as an integer, see ``parse_parameter``; it is written in digits, and not as ``1e1``."""
    if text is not None and not _INTEGER.fullmatch(text):
        raise Invalid("Expected an integer, in digits.", parameter=parameter)
    return parse_parameter(text, wanted, parameter=parameter)


async def refuse_repeated_parameters(request: Request[Any, Any, Any]) -> None:
    """Refuse a query that gives one of the route's parameters twice, of which the framework would take the last.

    None is a list, and whoever looks at the query on its way here may take the first. Parameters that the route does
    not know are ignored, however often they are given: links pick up such of analytics and caches on their way.

    :raises Invalid: with the name of the parameter.
    """
    if b"&" not in request.scope["query_string"]:
        return
    known = request.route_handler.parsed_fn_signature.parameters
    for name, values in request.query_params.dict().items():
        if len(values) > 1 and name in known:
            raise Invalid("It is given more than once.", parameter=name)


def parse_instant(text: str | None, *, parameter: str) -> datetime | None:
    """Return a parameter of a query as an instant in UTC, see ``parse_parameter``."""
    moment = parse_parameter(text, datetime, parameter=parameter, strict=True)
    return moment and in_utc(moment, parameter=parameter)


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
