"""The public notice board over HTTP."""

from typing import Annotated, Any, ClassVar

from litestar import Controller, Response, delete, get, post
from litestar.params import JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType

from domain.authentication.principal import TokenScope
from domain.posts.model import MAX_CONTENT_LENGTH, NewPost, Post
from entrypoints.http.answers import Answer, TaggedAnswer
from entrypoints.http.bodies import max_json_size
from entrypoints.http.cursors import decode_post_cursor, encode_post_cursor, next_link
from entrypoints.http.headers import LINK, LOCATION
from entrypoints.http.parameters import Id
from entrypoints.http.preconditions import LIST_ETAG, IfNoneMatch
from entrypoints.http.request import ApiRequest
from entrypoints.http.routes import needs, public

_LAST_PAGE = 2**31 - 1
"""As far as the number of posts to skip stays a 64-bit integer."""

_PAGE_SIZE = 10
_MAX_PAGE_SIZE = 100


class PostParameters(Struct, frozen=True, kw_only=True):
    """What the query of a page of posts may have."""

    page: Annotated[int, Meta(ge=1, le=_LAST_PAGE, description="The first page is 1.")] = 1
    per_page: Annotated[int, Meta(ge=1, le=_MAX_PAGE_SIZE, description="The most posts in one page.")] = _PAGE_SIZE
    cursor: Annotated[str, Meta(description="`next_cursor` of the part before, of the same page.")] | UnsetType = UNSET


class PostList(Struct, frozen=True, kw_only=True):
    """One page of the board, the newest first; ``total`` is the number of all posts.

    ``next_cursor`` is there if the page comes in parts, and this is not the last one.
    """

    page: int
    per_page: int
    total: int
    result: list[Post]
    next_cursor: str | UnsetType = UNSET


_EXAMPLE = {
    "id": 1,
    "content": "The lift is out of order until Friday.",
    "author_email": "ada@example.com",
    "created_time": "2026-11-23T10:00:00Z",
}


class PostController(Controller):
    """Posts: all may read, authors may remove theirs."""

    path = "/posts"
    tags = ("Posts",)
    examples: ClassVar[dict[str, Any]] = {
        "NewPost": {"content": _EXAMPLE["content"]},
        "Post": _EXAMPLE,
        "PostList": {"page": 1, "per_page": 10, "total": 1, "result": [_EXAMPLE]},
    }

    @get(
        operation_id="listPosts",
        summary="List posts",
        response_headers=[LINK, LIST_ETAG],
        opt=public(304, query=PostParameters),
    )
    async def page(self, request: ApiRequest, if_none_match: IfNoneMatch = None) -> Response[PostList]:
        """Return one page of the board, the newest first; a page beyond the last is empty.

        Page `n` is always what comes after the first `(n - 1) * per_page` posts. A page of more than 28 long posts
        may come in parts (of 1.5 MB of JSON, counting every character as if it had to be escaped): then there is a
        `next_cursor`, and a `Link` header, that lead to the rest of the same page. The following page begins where
        the last part ends, and not where the first does. A page of 28 or fewer is always whole.
        """
        asked = request.parse_query(PostParameters)
        number, size = asked.page, asked.per_page
        after = None if asked.cursor is UNSET else decode_post_cursor(asked.cursor, page=number, per_page=size)
        found = await request.services.posts.page(page=number, per_page=size, after=after)
        next_cursor = found.next and encode_post_cursor(found.next, page=number, per_page=size)
        return TaggedAnswer(
            PostList(
                page=number,
                per_page=size,
                total=found.total,
                result=found.result,
                next_cursor=next_cursor or UNSET,
            ),
            headers=next_link(request, next_cursor),
            if_none_match=if_none_match,
        )

    @post(
        operation_id="createPost",
        summary="Publish a post",
        response_headers=[LOCATION],
        opt=needs(TokenScope.POSTS_WRITE),
        request_max_body_size=max_json_size(MAX_CONTENT_LENGTH),
    )
    async def publish(self, request: ApiRequest, data: JSONBody[NewPost]) -> Response[Post]:
        """Publish a post under the e-mail address of the account that asks.

        More than the account may keep is 403 `quota_exceeded`.
        """
        new = await request.services.posts.publish(data, author_id=request.owner_id)
        return Answer(new, headers={"location": f"{request.prefix}/posts/{new.id}"})

    @get(
        "/{post_id:str}",
        operation_id="getPost",
        summary="Read a post",
        response_headers=[LIST_ETAG],
        opt=public(304),
    )
    async def read(self, request: ApiRequest, post_id: Id, if_none_match: IfNoneMatch = None) -> Response[Post]:
        """Return one post."""
        return TaggedAnswer(await request.services.posts.get(post_id), if_none_match=if_none_match)

    @delete("/{post_id:str}", operation_id="deletePost", summary="Delete a post", opt=needs(TokenScope.POSTS_WRITE))
    async def remove(self, request: ApiRequest, post_id: Id) -> None:
        """Remove a post of one's own."""
        await request.services.posts.remove(post_id, author_id=request.owner_id)


@get(
    "/post/{post_id:str}",
    operation_id="getPostByOldPath",
    summary="Read a post by its old path",
    tags=["Posts"],
    response_headers=[LIST_ETAG],
    opt=public(304),
)
async def read_post(request: ApiRequest, post_id: Id, if_none_match: IfNoneMatch = None) -> Response[Post]:
    """Return one post, as `/posts/{post_id}` does."""
    return TaggedAnswer(await request.services.posts.get(post_id), if_none_match=if_none_match)
