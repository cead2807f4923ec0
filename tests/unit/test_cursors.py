"""Where the next page starts, as an opaque word."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any, cast, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Invalid
from domain.text import fold
from domain.todos.query import Position, SortKey, TodoFilter, TodoOrder
from entrypoints.http.cursors import decode_cursor, encode_cursor

KEYS = cast("tuple[SortKey, ...]", get_args(SortKey))
EVERYTHING = TodoFilter()
BY_TITLE = TodoOrder(key="title")

storable = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
moments = st.datetimes(timezones=st.just(UTC))
values: dict[SortKey, st.SearchStrategy[Any]] = {
    "created_at": moments,
    "updated_at": moments,
    "due_at": st.none() | moments,
    "priority": st.none() | st.integers(1, 5),
    "title": st.text(storable, max_size=200).map(fold),
}
orders = st.builds(TodoOrder, key=st.sampled_from(KEYS), descending=st.booleans())
filters = st.builds(
    TodoFilter,
    done=st.none() | st.booleans(),
    tags=st.lists(st.text(storable, min_size=1, max_size=50), max_size=20).map(tuple),
    priority=st.none() | st.integers(1, 5),
    has_due=st.none() | st.booleans(),
    due_before=st.none() | moments | st.dates(),
    due_after=st.none() | moments | st.dates(),
    updated_since=st.none() | moments,
    texts=st.lists(st.text(storable, min_size=1, max_size=200), max_size=10).map(tuple),
)
positions = orders.flatmap(
    lambda order: st.tuples(st.just(order), st.builds(Position, values[order.key], st.integers(1, 2**63 - 1)))
)


def word(content: object) -> str:
    return urlsafe_b64encode(content if isinstance(content, bytes) else msgspec.json.encode(content)).decode()


def fingerprint(order: TodoOrder) -> str:
    """Return what a cursor says of its query, which nobody needs a secret to find out."""
    text = encode_cursor(Position(None, 1), where=EVERYTHING, order=order)
    return msgspec.json.decode(urlsafe_b64decode(text + "=="))[0]


@given(positions, filters)
def test_a_position_survives_being_a_cursor(ordered: tuple[TodoOrder, Position], where: TodoFilter) -> None:
    order, position = ordered

    text = encode_cursor(position, where=where, order=order)

    assert decode_cursor(text, where=where, order=order) == position
    assert text.isascii()
    assert text.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("title", ["\u0390" * 200, "\x01" * 200, '"' * 200, "\U0001f95b" * 200, "\ufb03" * 200])
def test_the_longest_title_fits_into_a_cursor(title: str) -> None:
    position = Position(fold(title), 2**63 - 1)

    text = encode_cursor(position, where=EVERYTHING, order=BY_TITLE)

    assert decode_cursor(text, where=EVERYTHING, order=BY_TITLE) == position


@given(positions, filters, filters, orders)
def test_a_cursor_is_good_for_its_own_query_only(
    ordered: tuple[TodoOrder, Position], where: TodoFilter, other_where: TodoFilter, other_order: TodoOrder
) -> None:
    order, position = ordered
    text = encode_cursor(position, where=where, order=order)

    if (where, order) == (other_where, other_order):
        assert decode_cursor(text, where=other_where, order=other_order) == position
    else:
        with pytest.raises(Invalid) as error:
            decode_cursor(text, where=other_where, order=other_order)
        assert error.value.parameter == "cursor"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(storable),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(storable), inner, max_size=3),
    max_leaves=8,
)
texts = st.one_of(
    st.text(st.characters(exclude_categories=())),
    st.text("abcABC019-_=+/ \n"),
    st.binary().map(word),
    json_values.map(word),
)


@given(texts, orders)
def test_any_other_text_is_invalid_and_nothing_worse(text: str, order: TodoOrder) -> None:
    with pytest.raises(Invalid) as error:
        decode_cursor(text, where=EVERYTHING, order=order)

    assert error.value.parameter == "cursor"


@given(orders, json_values, json_values)
def test_a_cursor_with_another_content_is_one_of_ours_or_invalid(
    order: TodoOrder, value: object, todo_id: object
) -> None:
    text = word([fingerprint(order), value, todo_id])

    try:
        position = decode_cursor(text, where=EVERYTHING, order=order)
    except Invalid:
        return

    assert 0 < position.id < 2**63
    again = encode_cursor(position, where=EVERYTHING, order=order)
    assert decode_cursor(again, where=EVERYTHING, order=order) == position


@pytest.mark.parametrize(
    ("key", "value", "todo_id"),
    [
        ("created_at", None, 1),
        ("created_at", "2026-01-01T00:00:00", 1),
        ("due_at", "0001-01-01T00:00:00+14:00", 1),
        ("due_at", "9999-12-31T23:59:59-14:00", 1),
        ("due_at", "noon", 1),
        ("priority", 0, 1),
        ("priority", 6, 1),
        ("priority", 2**70, 1),
        ("priority", "1", 1),
        ("title", None, 1),
        ("title", "a\x00b", 1),
        ("title", "x", 0),
        ("title", "x", -1),
        ("title", "x", 2**63),
        ("title", "x", "1"),
        ("title", "x", 1.5),
    ],
)
def test_a_cursor_with_a_value_that_no_to_do_has_is_invalid(key: SortKey, value: object, todo_id: object) -> None:
    order = TodoOrder(key=key)

    with pytest.raises(Invalid):
        decode_cursor(word([fingerprint(order), value, todo_id]), where=EVERYTHING, order=order)


@pytest.mark.parametrize("content", [b"[" * 1000, b"[" * 100_000, b'["x",' + b"[" * 1000, b"\xff", b"", b"[]", b"{}"])
def test_a_cursor_that_is_made_to_hurt_is_invalid(content: bytes) -> None:
    with pytest.raises(Invalid):
        decode_cursor(word(content), where=EVERYTHING, order=TodoOrder())


def test_a_moment_is_read_in_utc() -> None:
    order = TodoOrder(key="due_at")
    text = word([fingerprint(order), "2026-01-01T02:00:00+02:00", 1])

    position = decode_cursor(text, where=EVERYTHING, order=order)

    assert isinstance(position.value, datetime)
    assert (position.value, position.value.tzinfo) == (datetime(2026, 1, 1, tzinfo=UTC), UTC)
