"""To-dos over HTTP."""

from datetime import datetime
from typing import Annotated, Literal, get_args

from litestar import Controller, Response, delete, get, patch, post
from litestar.params import JSONBody
from litestar.status_codes import HTTP_304_NOT_MODIFIED
from msgspec import UNSET, Meta, Struct, UnsetType

from domain.authentication.principal import TokenScope
from domain.clock import in_utc
from domain.errors import Invalid
from domain.faults import Faults
from domain.todos.model import MAX_TAG_LENGTH, MAX_TAGS, MAX_TITLE_LENGTH, NewTodo, TagCount, Todo, TodoPatch
from domain.todos.query import SortKey, TagQuery, TodoFilter, TodoOrder, TodoQuery, words_of
from entrypoints.http.answers import Answer, TaggedAnswer
from entrypoints.http.bodies import MergePatchBody
from entrypoints.http.cursors import decode_cursor, decode_tag_cursor, encode_cursor, encode_tag_cursor, next_link
from entrypoints.http.headers import LINK, LOCATION
from entrypoints.http.parameters import DayOrInstant, Id, naming_parameters, parse_day_or_instant
from entrypoints.http.preconditions import (
    ETAG,
    LIST_ETAG,
    IfMatch,
    IfNoneMatch,
    UnlessMatch,
    etag,
    is_unchanged,
    wanted_versions,
)
from entrypoints.http.request import ApiRequest
from entrypoints.http.routes import needs

_PAGE_SIZE = 50
_TAGS_PAGE_SIZE = 200
"""The most there may be, and the default: whoever knows of no pages goes on to see all tags, if there are no more."""

_CACHE = "private, no-cache"
"""Clients may keep what they got, and ask with its ETag whether it is still good."""


class TodoList(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One page of to-dos. ``next_cursor`` is null on the last page; ``total`` is there if it was asked for."""

    items: list[Todo]
    next_cursor: str | None
    total: int | UnsetType = UNSET


class TagList(Struct, frozen=True, kw_only=True):
    """One page of tags. ``next_cursor`` is null on the last page."""

    items: list[TagCount]
    next_cursor: str | None


_ORDERS = {
    word: TodoOrder(key=key, descending=descending)
    for key in get_args(SortKey)
    for word, descending in ((key, False), (f"-{key}", True))
}
"""Every order that a list can have, by the word for it."""

AskedTags = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=MAX_TAG_LENGTH)]],
    Meta(
        max_length=MAX_TAGS,
        description="A tag, compared without case; given several times, those that bear all of them.",
    ),
]
SearchText = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_TITLE_LENGTH,
        description="Words, each of which occurs in the title or the description, without case; at most ten different "
        "ones, and at most 200 characters once case-folded. Blanks alone ask for nothing.",
    ),
]
DueBefore = Annotated[
    DayOrInstant, Meta(description="Due before this instant, or before this day begins in the account's time zone.")
]
DueAfter = Annotated[
    DayOrInstant,
    Meta(description="Due at this instant or after it, or once this day has begun in the account's time zone."),
]
Sort = Annotated[
    str,
    Meta(
        description="What to sort by; a minus turns the order round. Titles are in the order of the code points of "
        "their case-folded form, which is that of no language.",
        extra_json_schema={"enum": list(_ORDERS)},
    ),
]
Include = Annotated[
    Literal["count"],
    Meta(description="`count` adds the number of all matching.", extra_json_schema={"type": "string"}),
]
Cursor = Annotated[str, Meta(description="`next_cursor` of the page before, of the same query.")]


class TodoParameters(Struct, frozen=True, kw_only=True):
    """What the query of a list of to-dos may have."""

    done: Annotated[bool, Meta(description="Only those that are done, or are not.")] | UnsetType = UNSET
    tag: AskedTags | UnsetType = UNSET
    priority: Annotated[int, Meta(ge=1, le=5)] | UnsetType = UNSET
    has_due: Annotated[bool, Meta(description="Only those that have a due date, or have none.")] | UnsetType = UNSET
    due_before: DueBefore | UnsetType = UNSET
    due_after: DueAfter | UnsetType = UNSET
    updated_since: (
        Annotated[datetime, Meta(tz=True, description="Created or changed at this instant or after it.")] | UnsetType
    ) = UNSET
    q: SearchText | UnsetType = UNSET
    sort: Sort = "created_at"
    limit: Annotated[int, Meta(ge=1, le=200, description="The most to-dos in one page.")] = _PAGE_SIZE
    cursor: Cursor | UnsetType = UNSET
    include: Include | UnsetType = UNSET

    def where(self) -> TodoFilter:
        """Return the conditions.

        :raises Invalid: if one of them breaks a rule.
        """
        with naming_parameters(tags="tag", texts="q"):
            with Faults() as faults:
                bounds = {
                    name: faults.of(parse_day_or_instant, text, parameter=name)
                    for name, text in (("due_before", self.due_before), ("due_after", self.due_after))
                    if text is not UNSET
                }
                since = None if self.updated_since is UNSET else faults.of(_since, self.updated_since)
                texts = () if self.q is UNSET else faults.of(words_of, self.q)
            return TodoFilter(
                done=None if self.done is UNSET else self.done,
                tags=() if self.tag is UNSET else tuple([tag.strip() for tag in self.tag]),
                priority=None if self.priority is UNSET else self.priority,
                has_due=None if self.has_due is UNSET else self.has_due,
                due_before=bounds.get("due_before"),
                due_after=bounds.get("due_after"),
                updated_since=since,
                texts=texts,
            )

    def order(self) -> TodoOrder:
        """Return the order.

        :raises Invalid: if there is none of that name.
        """
        order = _ORDERS.get(self.sort)
        if order is None:
            raise Invalid(f"Must be one of: {', '.join(_ORDERS)}.", parameter="sort")
        return order


def _since(moment: datetime) -> datetime:
    return in_utc(moment, parameter="updated_since")


class TagParameters(Struct, frozen=True, kw_only=True):
    """What the query of a list of tags may have."""

    limit: Annotated[int, Meta(ge=1, le=200, description="The most tags in one page.")] = _TAGS_PAGE_SIZE
    cursor: Cursor | UnsetType = UNSET


class TodoController(Controller):
    """To-dos of the account that asks; somebody else's do not exist for it."""

    path = "/todos"
    tags = ("To-dos",)

    @post(
        operation_id="createTodo",
        summary="Create a to-do",
        response_headers=[ETAG, LOCATION],
        opt=needs(TokenScope.TODOS_WRITE),
    )
    async def create(self, request: ApiRequest, data: JSONBody[NewTodo]) -> Response[Todo]:
        """Keep a new to-do.

        A due time without a zone is meant in the account's time zone; a date alone is due at the end of that day
        there. The zone that was taken is in the answer, and stays if the account moves. A local time that the clocks
        skip in spring moves forward by the gap, one that they repeat in autumn means the first. More than the account
        may keep is 403 `quota_exceeded`.
        """
        todo = await request.services.todos.create(data, owner_id=request.owner_id)
        return Answer(
            todo,
            headers={
                "location": f"{request.prefix}/todos/{todo.id}",
                "etag": etag(todo.version),
                "cache-control": _CACHE,
            },
        )

    @get(
        "/{todo_id:str}",
        operation_id="getTodo",
        summary="Read a to-do",
        response_headers=[ETAG],
        opt=needs(TokenScope.TODOS_READ, 304),
    )
    async def read(self, request: ApiRequest, todo_id: Id, if_none_match: IfNoneMatch = None) -> Response[Todo]:
        """Return one to-do with its ETag."""
        todo = await request.services.todos.get(todo_id, owner_id=request.owner_id)
        if is_unchanged(if_none_match, todo.version):
            return _answer(todo, status_code=HTTP_304_NOT_MODIFIED)
        return _answer(todo)

    @patch(
        "/{todo_id:str}",
        operation_id="changeTodo",
        summary="Change a to-do",
        opt=needs(TokenScope.TODOS_WRITE, 409, 412),
        dto=MergePatchBody,
        response_headers=[ETAG],
    )
    async def change(
        self,
        request: ApiRequest,
        todo_id: Id,
        data: JSONBody[TodoPatch],
        if_match: IfMatch = None,
        if_none_match: UnlessMatch = None,
    ) -> Response[Todo]:
        """Apply a JSON merge patch (RFC 7396): what is absent stays, what is null is cleared.

        With `If-Match`, only the version with that ETag is changed. Without it, the patch is applied to whatever is
        stored: of two changes at once to different fields neither is lost. Longer texts than the account may keep are
        403 `quota_exceeded`.
        """
        return _answer(
            await request.services.todos.change(
                todo_id,
                data,
                owner_id=request.owner_id,
                versions=wanted_versions(if_match, if_none_match),
            )
        )

    @delete(
        "/{todo_id:str}", operation_id="deleteTodo", summary="Delete a to-do", opt=needs(TokenScope.TODOS_WRITE, 412)
    )
    async def remove(
        self, request: ApiRequest, todo_id: Id, if_match: IfMatch = None, if_none_match: UnlessMatch = None
    ) -> None:
        """Remove a to-do for good; with `If-Match`, only the version with that ETag."""
        versions = wanted_versions(if_match, if_none_match)
        await request.services.todos.remove(todo_id, owner_id=request.owner_id, versions=versions)

    @get(
        operation_id="listTodos",
        summary="List to-dos",
        response_headers=[LINK, LIST_ETAG],
        opt=needs(TokenScope.TODOS_READ, 304, query=TodoParameters),
    )
    async def search(self, request: ApiRequest, if_none_match: IfNoneMatch = None) -> Response[TodoList]:
        """Return one page of the to-dos that fulfil every condition.

        Follow `next_cursor`, or the `Link` header, until there is none: to-dos that are created meanwhile make no
        page skip or repeat anything. Those without a due date or a priority come last in either direction. Sorted by
        what changes meanwhile, such as `-updated_at`, a to-do moves: one that moves to where the walk has been is
        missed by it, one that moves ahead of it is met again.

        A page ends early if its to-dos are long (1.5 MB of JSON, counting every character as if it had to be
        escaped): `next_cursor` alone says whether there are more.
        """
        asked = request.parse_query(TodoParameters)
        where, order = asked.where(), asked.order()
        after = None if asked.cursor is UNSET else decode_cursor(asked.cursor, where=where, order=order)
        page = await request.services.todos.page(
            TodoQuery(where=where, order=order, limit=asked.limit, after=after),
            owner_id=request.owner_id,
            network=request.network,
            counted=asked.include is not UNSET,
        )
        next_cursor = page.next and encode_cursor(page.next, where=where, order=order)
        return TaggedAnswer(
            TodoList(items=page.items, next_cursor=next_cursor, total=UNSET if page.total is None else page.total),
            headers=next_link(request, next_cursor),
            if_none_match=if_none_match,
        )


@get(
    "/tags",
    operation_id="listTags",
    summary="List tags",
    tags=["To-dos"],
    response_headers=[LINK, LIST_ETAG],
    opt=needs(TokenScope.TODOS_READ, 304, query=TagParameters),
)
async def list_tags(request: ApiRequest, if_none_match: IfNoneMatch = None) -> Response[TagList]:
    """Return one page of the tags in use, each with the number of to-dos that bear it.

    They are in the order of their lower-case forms. Follow `next_cursor`, or the `Link` header, until there is none.
    """
    asked = request.parse_query(TagParameters)
    after = None if asked.cursor is UNSET else decode_tag_cursor(asked.cursor)
    page = await request.services.todos.tags(
        TagQuery(limit=asked.limit, after=after), owner_id=request.owner_id, network=request.network
    )
    next_cursor = None if page.next is None else encode_tag_cursor(page.next)
    content = TagList(items=page.items, next_cursor=next_cursor)
    return TaggedAnswer(content, headers=next_link(request, next_cursor), if_none_match=if_none_match)


def _answer(todo: Todo, *, status_code: int | None = None) -> Response[Todo]:
    return Answer(todo, headers={"etag": etag(todo.version), "cache-control": _CACHE}, status_code=status_code)
