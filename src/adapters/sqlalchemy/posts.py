"""Posts in a database."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    tuple_,
)

from adapters.sqlalchemy.columns import columns_of
from adapters.sqlalchemy.database import QUERY_TIMEOUT, Connection, ForeignKeyViolation, Statement
from adapters.sqlalchemy.page_bytes import always_within_page_bytes, fitting, max_text_bytes, within_page_bytes
from adapters.sqlalchemy.tables import AccountRow, Instant, PostRow
from domain.errors import Forbidden, NotFound, Unauthenticated
from domain.pages import MAX_PAGE_BYTES
from domain.posts.model import MAX_CONTENT_LENGTH, MAX_OTHER_BYTES, MAX_POST_BYTES, Post, PostPosition


def _to_post(id: int, content: str, author_email: str, created_time: datetime, *_: object) -> Post:
    return Post(id=id, content=content, author_email=author_email, created_time=created_time)


_columns = columns_of(PostRow, _to_post)
_this_one = PostRow.id == bindparam("post_id")

# The author's address is read and the post is written in one step: no row if the account is gone.
_ADD = Statement(
    insert(PostRow)
    .from_select(
        ["author_id", "content", "author_email", "created_time"],
        select(
            AccountRow.id,
            bindparam("content", type_=PostRow.content.type),
            AccountRow.email,
            bindparam("now", type_=Instant),
        ).where(AccountRow.id == bindparam("author_id")),
    )
    .returning(*_columns)
)
_GET = Statement(select(*_columns).where(_this_one))


def _newest_first(created_time: Any, post_id: Any) -> tuple[ColumnElement[Any], ...]:
    return created_time.desc(), post_id.desc()


def _within_page_bytes(page: Any) -> Statement:
    item_bytes = literal_column(str(MAX_OTHER_BYTES), BigInteger()) + max_text_bytes(
        PostRow.content, max_length=MAX_CONTENT_LENGTH
    )
    return within_page_bytes(
        page, row_id=PostRow.id, item_bytes=item_bytes, place=PostRow.created_time, in_order=_newest_first
    )


_POSTS = select(*_columns).order_by(*_newest_first(PostRow.created_time, PostRow.id)).limit(bindparam("limit"))
_SKIPPED = _POSTS.offset(bindparam("skip"))
_PAGE = _within_page_bytes(_SKIPPED)
_SHORT_PAGE = always_within_page_bytes(_SKIPPED)
_ALWAYS_FIT = MAX_PAGE_BYTES // MAX_POST_BYTES
"""Posts, however long they are."""
_REST = _within_page_bytes(
    _POSTS.where(
        tuple_(PostRow.created_time, PostRow.id)
        < tuple_(bindparam("after_time", type_=Instant), bindparam("after_id", type_=BigInteger))
    )
)
_COUNT = Statement(select(func.count()).select_from(PostRow), timeout=QUERY_TIMEOUT)
_REMOVE = Statement(delete(PostRow).where(_this_one, PostRow.author_id == bindparam("author_id")))


class SqlAlchemyPosts:
    """Implements ``domain.posts.ports.PostRepository``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, content: str, *, author_id: int, at: datetime) -> Post:
        """See the port."""
        try:
            row = await self._connection.fetch_one(_ADD, content=content, author_id=author_id, now=at)
        except ForeignKeyViolation:  # the account was still there when the statement began
            row = None
        if row is None:
            raise Unauthenticated("The account is gone.")
        return _to_post(*row)

    async def get(self, post_id: int) -> Post:
        """See the port."""
        row = await self._connection.fetch_one(_GET, post_id=post_id)
        if row is None:
            raise NotFound("There is no such post.")
        return _to_post(*row)

    async def page(self, *, skip: int, limit: int) -> list[Post]:
        """See the port."""
        rows = await self._connection.fetch_all(_SHORT_PAGE if limit <= _ALWAYS_FIT else _PAGE, skip=skip, limit=limit)
        return [_to_post(*row) for row in fitting(rows)]

    async def rest(self, after: PostPosition) -> list[Post]:
        """See the port."""
        rows = await self._connection.fetch_all(
            _REST, after_time=after.created_time, after_id=after.id, limit=after.left
        )
        return [_to_post(*row) for row in fitting(rows)]

    async def count(self) -> int:
        """See the port."""
        row = await self._connection.fetch_one(_COUNT)
        return row[0] if row else 0

    async def remove(self, post_id: int, *, author_id: int) -> None:
        """See the port."""
        if not await self._connection.execute(_REMOVE, post_id=post_id, author_id=author_id):
            await self.get(post_id)
            raise Forbidden("Somebody else wrote this post.")
