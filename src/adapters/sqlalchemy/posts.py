"""Posts in a database."""

from datetime import datetime

from sqlalchemy import bindparam, delete, func, insert, select

from adapters.sqlalchemy.database import QUERY_TIMEOUT, Connection, MissingReference, Row, Statement
from adapters.sqlalchemy.tables import AccountRow, Instant, PostRow
from domain.errors import Forbidden, NotFound, Unauthenticated
from domain.posts.model import Post

_columns = (PostRow.id, PostRow.content, PostRow.author_email, PostRow.created_time)
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
_PAGE = Statement(
    select(*_columns)
    .order_by(PostRow.created_time.desc(), PostRow.id.desc())
    .offset(bindparam("skip"))
    .limit(bindparam("most")),
    timeout=QUERY_TIMEOUT,
)
_COUNT = Statement(select(func.count()).select_from(PostRow), timeout=QUERY_TIMEOUT)
_REMOVE = Statement(delete(PostRow).where(_this_one, PostRow.author_id == bindparam("author_id")).returning(PostRow.id))


class SqlAlchemyPosts:
    """Implements ``domain.posts.ports.PostRepository``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, content: str, *, author_id: int, at: datetime) -> Post:
        """See the port."""
        try:
            row = await self._connection.fetch_one(_ADD, content=content, author_id=author_id, now=at)
        except MissingReference:  # the account was still there when the statement began
            row = None
        if row is None:
            raise Unauthenticated("The account is gone.")
        return _to_post(row)

    async def get(self, post_id: int) -> Post:
        """See the port."""
        row = await self._connection.fetch_one(_GET, post_id=post_id)
        if row is None:
            raise NotFound("There is no such post.")
        return _to_post(row)

    async def page(self, *, skip: int, limit: int) -> list[Post]:
        """See the port."""
        return [_to_post(row) for row in await self._connection.fetch_all(_PAGE, skip=skip, most=limit)]

    async def count(self) -> int:
        """See the port."""
        row = await self._connection.fetch_one(_COUNT)
        return row[0] if row else 0

    async def remove(self, post_id: int, *, author_id: int) -> None:
        """See the port."""
        if await self._connection.fetch_one(_REMOVE, post_id=post_id, author_id=author_id) is None:
            await self.get(post_id)
            raise Forbidden("Somebody else wrote this post.")


def _to_post(row: Row) -> Post:
    post_id, content, author_email, created_time = row
    return Post(id=post_id, content=content, author_email=author_email, created_time=created_time)
