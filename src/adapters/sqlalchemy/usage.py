"""What accounts keep, in a database."""

from sqlalchemy import BigInteger, bindparam, select, text

from adapters.sqlalchemy.database import Connection, Statement
from adapters.sqlalchemy.tables import AccountRow
from domain.errors import Unauthenticated
from domain.quotas.model import Usage

# Lengths are asked in ways that read as little as possible: PostgreSQL knows the bytes of a long text without fetching
# it, the bundled SQLite only of what is no text. Its tags are JSON, most often of no tag.
_MEASURE = Statement(
    text("""
        SELECT todo.number, todo.bytes + post.bytes, post.number
        FROM (
            SELECT count(*) AS number, coalesce(sum(
                octet_length(title) + coalesce(octet_length(description), 0) + octet_length(array_to_string(tags, ''))
            ), 0) AS bytes
            FROM todos WHERE owner_id = :owner
        ) AS todo, (
            SELECT count(*) AS number, coalesce(sum(octet_length(content)), 0) AS bytes
            FROM posts WHERE author_id = :owner
        ) AS post
    """).bindparams(bindparam("owner", type_=BigInteger)),
    sqlite=text("""
        SELECT todo.number, todo.bytes + post.bytes, post.number
        FROM (
            SELECT count(*) AS number, coalesce(sum(
                length(CAST(title AS BLOB)) + coalesce(length(CAST(description AS BLOB)), 0) + CASE tags
                    WHEN '[]' THEN 0
                    ELSE (SELECT coalesce(sum(length(CAST(value AS BLOB))), 0) FROM json_each(tags))
                END
            ), 0) AS bytes
            FROM todos WHERE owner_id = :owner
        ) AS todo, (
            SELECT count(*) AS number, coalesce(sum(length(CAST(content AS BLOB))), 0) AS bytes
            FROM posts WHERE author_id = :owner
        ) AS post
    """),
)
# Not the lock that a foreign key takes: what refers to the account without asking for the lock does not wait.
_LOCK = Statement(select(AccountRow.id).where(AccountRow.id == bindparam("owner")).with_for_update(key_share=True))


class SqlAlchemyUsage:
    """Implements ``domain.quotas.ports.UsageRepository``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def measure(self, *, owner_id: int) -> Usage:
        """See the port."""
        (row,) = await self._connection.fetch_all(_MEASURE, owner=owner_id)
        todos, size, posts = row
        return Usage(todos=todos, bytes=int(size), posts=posts)

    async def lock(self, *, owner_id: int) -> None:
        """See the port."""
        if await self._connection.fetch_one(_LOCK, owner=owner_id) is None:
            raise Unauthenticated("The account is gone.")
