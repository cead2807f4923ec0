"""Cursors: where the next page starts, as an opaque word."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Union

import msgspec
from msgspec import Meta, Struct

from domain.clock import in_utc
from domain.errors import Invalid
from domain.todos.model import Priority
from domain.todos.query import Position, SortKey, TodoFilter, TodoOrder

_LONGEST = 2_000
_LARGEST_ID = 2**63 - 1
_TYPES: dict[SortKey, Any] = {
    "created_at": datetime,
    "updated_at": datetime,
    "due_at": datetime | None,
    "priority": Union[Priority, None],  # noqa: UP007 - Annotated has no | for pyright
    "title": Annotated[str, Meta(pattern=r"^[^\x00]*$")],
}


class _Cursor(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    query: str
    value: msgspec.Raw
    id: int


def encode_cursor(position: Position, *, where: TodoFilter, order: TodoOrder) -> str:
    """Return the word for a position in the list that ``where`` and ``order`` make."""
    cursor = _Cursor(_fingerprint(where, order), msgspec.Raw(msgspec.json.encode(position.value)), position.id)
    return urlsafe_b64encode(msgspec.json.encode(cursor)).rstrip(b"=").decode()


def decode_cursor(text: str, *, where: TodoFilter, order: TodoOrder) -> Position:
    """Return the position a word stands for.

    :raises Invalid: if it was not made here, or for another list.
    """
    try:
        if len(text) > _LONGEST:
            raise ValueError  # noqa: TRY301 - joins the other ways of being no cursor
        cursor = msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=_Cursor)
        value = msgspec.json.decode(cursor.value, type=_TYPES[order.key])
        is_ours = cursor.query == _fingerprint(where, order) and 0 < cursor.id <= _LARGEST_ID
    except (ValueError, Base64Error, msgspec.MsgspecError, RecursionError):
        is_ours, value, cursor = False, None, None
    if not is_ours or cursor is None:
        raise Invalid("Is not a cursor of this query.", parameter="cursor")
    return Position(in_utc(value, parameter="cursor") if isinstance(value, datetime) else value, cursor.id)


def _fingerprint(where: TodoFilter, order: TodoOrder) -> str:
    return sha256(msgspec.json.encode([where, order])).hexdigest()[:16]
