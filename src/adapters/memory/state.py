"""What the repositories in memory share."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import count

from msgspec import Struct, field
from msgspec.structs import astuple

from domain.accounts.model import Account
from domain.api_tokens.model import ApiToken
from domain.posts.model import Post
from domain.sessions.model import Family, Session
from domain.todos.model import Todo


class StoredAccount(Struct, frozen=True):
    """An account and its password's hash."""

    account: Account
    password_hash: str


class StoredSession(Struct, frozen=True):
    """A session, and the digests that name its tokens."""

    session: Session
    family: Family
    family_digest: str


class StoredApiToken(Struct, frozen=True):
    """An API token, who owns it, and the digest it is found by."""

    token: ApiToken
    owner_id: int
    digest: str


class StoredTodo(Struct, frozen=True):
    """A to-do and who owns it."""

    todo: Todo
    owner_id: int


class StoredPost(Struct, frozen=True):
    """A post and who wrote it."""

    post: Post
    author_id: int


class Tables(Struct):
    """The rows by their ids. Rows are immutable, so a copy of the dictionaries is a copy of everything."""

    accounts: dict[int, StoredAccount] = field(default_factory=dict[int, StoredAccount])
    sessions: dict[int, StoredSession] = field(default_factory=dict[int, StoredSession])
    api_tokens: dict[int, StoredApiToken] = field(default_factory=dict[int, StoredApiToken])
    todos: dict[int, StoredTodo] = field(default_factory=dict[int, StoredTodo])
    posts: dict[int, StoredPost] = field(default_factory=dict[int, StoredPost])

    def copy(self) -> "Tables":
        """Return other dictionaries with the same rows."""
        return Tables(*(table.copy() for table in astuple(self)))


class State:
    """The committed tables, new ids, and the lock that whoever changes something holds.

    Methods of the repositories change the tables without awaiting anything in between, so they need the lock only to
    stay out of the transactions of others.
    """

    def __init__(self) -> None:
        self.tables = Tables()
        self._lock = asyncio.Lock()
        self._ids = count(1)

    def new_id(self) -> int:
        """Return an id that was never used, not even by a row that is gone."""
        return next(self._ids)

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[Tables]:
        """Yield the committed tables while nobody else changes them."""
        async with self._lock:
            yield self.tables

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator["Transaction"]:
        """Yield a copy of everything, and make it the truth if the block is left without an exception."""
        async with self._lock:
            transaction = Transaction(self.tables.copy(), self._ids)
            yield transaction
            self.tables = transaction.tables


class Transaction:
    """Looks like a ``State``, and is private until it is committed."""

    def __init__(self, tables: Tables, ids: "count[int]") -> None:
        self.tables = tables
        self._ids = ids

    def new_id(self) -> int:
        """See ``State``."""
        return next(self._ids)

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[Tables]:
        """See ``State``; the lock is held already."""
        yield self.tables
