"""How a row becomes a Struct: a function says so, and its parameters are the columns that are selected."""

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import DeclarativeBase


def columns_of(table: type[DeclarativeBase], make: Callable[..., object]) -> tuple[ColumnElement[Any], ...]:
    """Return the columns of ``table`` that the parameters of ``make`` are named after, in their order.

    ``make(*row)`` takes a row of these columns: no value can get to the wrong name, and no row is looked up by names,
    which would take longer. Values that follow, such as ``filled`` of ``page_bytes``, go to its ``*`` parameter.

    :raises AttributeError: if there is no such column.
    """
    parameters = signature(make).parameters.values()
    return tuple(getattr(table, each.name) for each in parameters if each.kind is not Parameter.VAR_POSITIONAL)
