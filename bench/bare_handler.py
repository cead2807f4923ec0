"""The least that answers as this service does: a handler on the bare server, asyncpg and msgspec, nothing in between.

Nobody should build a service like this. It has no layers, no log, no limits and no deadlines, hardly any errors, and
whoever has a token keeps it: verified tokens are remembered until they expire. It is here as the floor, for what the
server, the driver and the codec take by themselves.
"""

import os
import time as clock
from asyncio import AbstractEventLoop
from base64 import urlsafe_b64encode
from datetime import UTC, date, datetime, time
from typing import Annotated, Any

import asyncpg
import jwt
import msgspec
from granian.rsgi import HTTPProtocol, Scope  # pyright: ignore[reportPrivateImportUsage] - as its README does
from msgspec import Meta, Struct

_READ = (
    "id, title, description, done, done_at, priority, tags, due_date, due_time, due_zone, due_at, "
    "created_at, updated_at, version"
)
_GET = f"SELECT {_READ} FROM todos WHERE id = $1 AND owner_id = $2"  # noqa: S608 - columns, from above
_PAGE = (
    f"SELECT {_READ} FROM todos WHERE owner_id = $1 "  # noqa: S608 - columns, from above
    "ORDER BY created_at DESC, id DESC LIMIT $2"
)
_CREATE = """
    INSERT INTO todos (
        owner_id, title, title_key, description, description_key, done, done_at, priority, tags, tag_keys,
        due_date, due_time, due_zone, due_at, created_at, updated_at, version
    ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
    RETURNING id
"""
_PATCH = (
    "UPDATE todos SET title = $3, title_key = $4, updated_at = $5, version = version + 1 "  # noqa: S608 - see above
    f"WHERE id = $1 AND owner_id = $2 RETURNING {_READ}"
)

_Title = Annotated[str, Meta(min_length=1, max_length=200)]
_Header = list[tuple[str, str]]


class _Due(Struct):
    date: date
    time: time | None
    zone: str


class _Todo(Struct):
    id: int
    title: str
    description: str | None
    done: bool
    done_at: datetime | None
    priority: int | None
    tags: list[str]
    due: _Due | None
    due_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


class _Page(Struct):
    items: list[_Todo]
    next_cursor: str | None


class _NewTodo(Struct, forbid_unknown_fields=True):
    title: _Title
    description: Annotated[str, Meta(max_length=10_000)] | None = None
    priority: Annotated[int, Meta(ge=1, le=5)] | None = None
    tags: list[str] = []


class _TodoPatch(Struct, forbid_unknown_fields=True):
    title: _Title


_encode = msgspec.json.Encoder().encode
_decode_new = msgspec.json.Decoder(_NewTodo).decode
_decode_patch = msgspec.json.Decoder(_TodoPatch).decode


class BareHandler:
    """What the server calls."""

    def __init__(self) -> None:
        self._secret = os.environ["JWT_SECRET"]
        self._owners: dict[str, tuple[int, int]] = {}
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    def __rsgi_init__(self, loop: AbstractEventLoop) -> None:
        """Connect, before the first request."""
        self._pool = loop.run_until_complete(
            asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=0, max_size=10, reset=_leave_as_it_is)
        )

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        """Answer a request."""
        pool, path, method = self._pool, scope.path, scope.method
        owner_id = self._owner(scope.headers.get("authorization", ""))
        if pool is None or owner_id is None:
            return protocol.response_empty(401, [])
        try:
            if path == "/todos" and method == "GET":
                return await _page(pool, owner_id, scope.query_string, protocol)
            if path == "/todos" and method == "POST":
                return await _create(pool, owner_id, await protocol(), protocol)
            if path.startswith("/todos/") and method == "GET":
                row = await pool.fetchrow(_GET, int(path[7:]), owner_id)
            elif path.startswith("/todos/") and method == "PATCH":
                title = _decode_patch(await protocol()).title.strip()
                row = await pool.fetchrow(_PATCH, int(path[7:]), owner_id, title, title.casefold(), datetime.now(UTC))
            else:
                row = None
        except (ValueError, KeyError, msgspec.MsgspecError):
            return protocol.response_empty(400, [])
        if row is None:
            return protocol.response_empty(404, [])
        todo = _to_todo(*row)
        return protocol.response_bytes(200, _headers(todo), _encode(todo))

    def _owner(self, authorization: str) -> int | None:
        """Return whose token it is: verified when it is seen first, then looked up."""
        owner_id, expires_at = self._owners.get(authorization) or self._verified(authorization)
        return owner_id if clock.time() < expires_at else None

    def _verified(self, authorization: str) -> tuple[int, int]:
        try:
            claims: dict[str, Any] = jwt.decode(  # pyright: ignore[reportUnknownMemberType] - of keys we do not use
                authorization.removeprefix("Bearer "), self._secret, algorithms=["HS256"], audience="todo-api"
            )
        except jwt.InvalidTokenError:
            return 0, 0
        known = self._owners[authorization] = int(claims["sub"]), int(claims["exp"])
        return known


async def _leave_as_it_is(_: object) -> None:
    """Save the round trip of a reset, as this service does."""


async def _page(pool: "asyncpg.Pool[asyncpg.Record]", owner_id: int, query: str, protocol: HTTPProtocol) -> None:
    limit = int(dict(pair.split("=", 1) for pair in query.split("&"))["limit"])
    rows = await pool.fetch(_PAGE, owner_id, limit + 1)
    items = [_to_todo(*row) for row in rows[:limit]]
    cursor = _cursor(items[-1]) if len(rows) > limit else None
    headers = [("content-type", "application/json")]
    if cursor is not None:
        headers.append(("link", f'</todos?{query}&cursor={cursor}>; rel="next"'))
    protocol.response_bytes(200, headers, _encode(_Page(items, cursor)))


async def _create(pool: "asyncpg.Pool[asyncpg.Record]", owner_id: int, body: bytes, protocol: HTTPProtocol) -> None:
    new, now = _decode_new(body), datetime.now(UTC)
    title, description, tags = new.title.strip(), new.description, new.tags
    todo_id: int = await pool.fetchval(
        _CREATE,
        *(owner_id, title, title.casefold(), description, description and description.casefold()),
        *(False, None, new.priority, tags, [tag.casefold() for tag in tags]),
        *(None, None, None, None, now, now, 1),
    )
    todo = _Todo(todo_id, title, description, False, None, new.priority, tags, None, None, now, now, 1)  # noqa: FBT003 - by position, as rows come
    protocol.response_bytes(201, [*_headers(todo), ("location", f"/todos/{todo_id}")], _encode(todo))


def _to_todo(
    id: int,
    title: str,
    description: str | None,
    done: bool,  # noqa: FBT001 - rows are arguments by position
    done_at: datetime | None,
    priority: int | None,
    tags: list[str],
    due_date: date | None,
    due_time: time | None,
    due_zone: str | None,
    *others: Any,
) -> _Todo:
    due = None if due_date is None or due_zone is None else _Due(due_date, due_time, due_zone)
    return _Todo(id, title, description, done, done_at, priority, tags, due, *others)


def _headers(todo: _Todo) -> _Header:
    return [
        ("content-type", "application/json"),
        ("etag", f'"{todo.version}"'),
        ("cache-control", "private, no-cache"),
    ]


def _cursor(last: _Todo) -> str:
    """Return a cursor as long as this service's."""
    return urlsafe_b64encode(_encode(("0123456789abcdef", last.created_at, last.id))).rstrip(b"=").decode()


app = BareHandler()
