"""Pages that end before they hold too many bytes: the database sees to it, and what does not fit is never fetched."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, cast, func, literal_column, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from adapters.sqlalchemy.database import QUERY_TIMEOUT, Row, Statement
from domain.pages import MAX_CHARACTER_BYTES, MAX_PAGE_BYTES

InOrder = Callable[[Any, Any], Sequence[ColumnElement[Any]]]
"""How two columns sort a page, the second one being the id."""


class _Octets(FunctionElement[int]):
    """The bytes of a text in UTF-8 up to a number; null has none. PostgreSQL knows them without reading a long text."""

    inherit_cache = True
    type = BigInteger()


@compiles(_Octets)
def _octet_length(element: _Octets, compiler: SQLCompiler, **options: Any) -> str:
    text, max_length = (compiler.process(each, **options) for each in element.clauses)
    return f"least(coalesce(octet_length({text}), 0), {max_length})"


@compiles(_Octets, "sqlite")
def _length_of_blob(element: _Octets, compiler: SQLCompiler, **options: Any) -> str:
    text, max_length = (compiler.process(each, **options) for each in element.clauses)
    return f"min(coalesce(length(CAST({text} AS BLOB)), 0), {max_length})"


def max_text_bytes(column: Any, *, max_length: int) -> ColumnElement[int]:
    """Return what ``domain.pages.max_text_bytes`` says of a column."""
    return literal_column(str(MAX_CHARACTER_BYTES), BigInteger()) * _Octets(column, literal_column(str(max_length)))


def always_within_page_bytes(page: Any) -> Statement:
    """Return all rows of ``page``, of which there are so few that they always fit, for ``fitting``."""
    return Statement(page.add_columns(literal_column("0").label("filled")), timeout=QUERY_TIMEOUT)


def within_page_bytes(
    page: Any, *, row_id: Any, item_bytes: ColumnElement[int], place: Any, in_order: InOrder
) -> Statement:
    """Return the rows of ``page`` up to the first that no longer fits, see ``fitting``.

    ``page`` is sorted by ``in_order`` of its ``place`` and id; what is made of it has to be sorted again.
    ``item_bytes`` is what a row takes at the most.

    SQLite copies every column of the rows that are summed up, so that it gets their ids only and looks the others up.
    PostgreSQL does not, and might look them up in the whole table.
    """
    columns: list[Any] = list(page.selected_columns)
    sizes = (place.label("place"), item_bytes.label("item_bytes"))
    whole = _filled(page.add_columns(*sizes).subquery("page"), in_order)
    narrow = _filled(page.with_only_columns(row_id, *sizes).subquery("page"), in_order)
    return Statement(
        _fitting(select(*(whole.c[column.name] for column in columns), whole.c.filled), whole, in_order),
        sqlite=_fitting(select(*columns, narrow.c.filled).where(row_id == narrow.c.id), narrow, in_order),
        timeout=QUERY_TIMEOUT,
    )


def _filled(page: Any, in_order: InOrder) -> Any:
    filled = func.sum(page.c.item_bytes).over(order_by=in_order(page.c.place, page.c.id), rows=(None, 0))
    return select(page, cast(filled, BigInteger).label("filled")).subquery("counted")


def _fitting(rows: Any, counted: Any, in_order: InOrder) -> Any:
    fits = counted.c.filled - counted.c.item_bytes <= literal_column(str(MAX_PAGE_BYTES), BigInteger())
    return rows.where(fits).order_by(*in_order(counted.c.place, counted.c.id))


def fitting(rows: Sequence[Row]) -> Sequence[Row]:
    """Return the rows that either of these found without the one that no longer fits, if there is one.

    The first one always fits: nothing that can be stored is larger than a page.
    """
    return rows[:-1] if rows and rows[-1][-1] > MAX_PAGE_BYTES else rows
