"""Cursors: where the next page starts, as an opaque word."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Any, Literal, TypeVar, Union
from urllib.parse import urlencode

import msgspec
from msgspec import Meta, Struct

from domain.clock import in_utc
from domain.errors import Invalid
from domain.posts.model import PostPosition
from domain.todos.model import Priority
from domain.todos.query import Position, SortKey, TodoFilter, TodoOrder
from entrypoints.http.request import ApiRequest

_MAX_CURSOR_LENGTH = 2_000

_QUERIES = 256
"""Queries of which something is remembered: half a megabyte at the most, if each looks for a long text."""

_Id = Annotated[int, Meta(ge=1, le=2**63 - 1)]
_Text = Annotated[str, Meta(pattern=r"^[^\x00]*$")]
_Wanted = TypeVar("_Wanted")
_TYPES: dict[SortKey, Any] = {
    "created_at": datetime,
    "updated_at": datetime,
    "due_at": datetime | None,
    "priority": Union[Priority, None],  # noqa: UP007 - Annotated has no | for pyright
    "title": _Text,
}


class _Cursor(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    query: str
    value: msgspec.Raw
    id: _Id


class _TagCursor(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    list: Literal["tags"]
    after: _Text


class _PostCursor(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    list: Literal["posts"]
    page: int
    per_page: int
    created_time: datetime
    id: _Id
    left: Annotated[int, Meta(ge=1)]


def encode_cursor(position: Position, *, where: TodoFilter, order: TodoOrder) -> str:
    """Return the word for a position in the list that ``where`` and ``order`` make."""
    return _word(_Cursor(_fingerprint(where, order), msgspec.Raw(msgspec.json.encode(position.value)), position.id))


def decode_cursor(text: str, *, where: TodoFilter, order: TodoOrder) -> Position:
    """Return the position a word stands for.

    :raises Invalid: if it was not made here, or for another list.
    """
    cursor = _content(text, _Cursor)
    value = _decoded(cursor.value, _TYPES[order.key])
    if cursor.query != _fingerprint(where, order):
        raise _not_ours()
    return Position(in_utc(value, parameter="cursor") if isinstance(value, datetime) else value, cursor.id)


def encode_tag_cursor(after: str) -> str:
    """Return the word for the tags after this folded form."""
    return _word(_TagCursor("tags", after))


def decode_tag_cursor(text: str) -> str:
    """Return the folded form after which a page of tags begins.

    :raises Invalid: if the word was not made here, or for another list.
    """
    return _content(text, _TagCursor).after


def encode_post_cursor(position: PostPosition, *, page: int, per_page: int) -> str:
    """Return the word for the rest of a page of posts."""
    return _word(_PostCursor("posts", page, per_page, position.created_time, position.id, position.left))


def decode_post_cursor(text: str, *, page: int, per_page: int) -> PostPosition:
    """Return where the rest of a page of posts begins.

    :raises Invalid: if the word was not made here, or for another page.
    """
    cursor = _content(text, _PostCursor)
    if (cursor.page, cursor.per_page) != (page, per_page) or cursor.left >= per_page:
        raise _not_ours()
    return PostPosition(created_time=in_utc(cursor.created_time, parameter="cursor"), id=cursor.id, left=cursor.left)


def next_link(request: ApiRequest, cursor: str | None) -> dict[str, str]:
    """Return the header with the link to the next page (RFC 8288): this query with another cursor.

    It is relative to the page (RFC 3986, section 5.2.2), and so right under whatever path the client has called.
    """
    if cursor is None:
        return {}
    others = _encoded(tuple([item for item in request.query_params.items() if item[0] != "cursor"]))
    query = f"{others}&cursor={cursor}" if others else f"cursor={cursor}"  # of which nothing has to be encoded
    return {"link": f'<?{query}>; rel="next"'}


@lru_cache(_QUERIES)
def _encoded(parameters: tuple[tuple[str, str], ...]) -> str:
    return urlencode(parameters)


def _word(content: Struct) -> str:
    return urlsafe_b64encode(msgspec.json.encode(content)).rstrip(b"=").decode()


def _content(text: str, wanted: type[_Wanted]) -> _Wanted:
    try:
        if len(text) > _MAX_CURSOR_LENGTH:
            raise _not_ours()
        content = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, Base64Error):
        raise _not_ours() from None
    return _decoded(content, wanted)


def _decoded(content: bytes | msgspec.Raw, wanted: Any) -> Any:
    try:
        return msgspec.json.decode(content, type=wanted)
    except (ValueError, msgspec.MsgspecError, RecursionError):
        raise _not_ours() from None


def _not_ours() -> Invalid:
    return Invalid("Is not a cursor of this query.", parameter="cursor")


@lru_cache(_QUERIES)
def _fingerprint(where: TodoFilter, order: TodoOrder) -> str:
    """Return what tells a list from others. Only what is asked is in it: conditions to come make no cursor invalid."""
    return sha256(msgspec.json.encode([where, order])).hexdigest()[:16]
