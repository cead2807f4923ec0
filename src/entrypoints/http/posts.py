"""The public notice board over HTTP."""

from typing import Annotated

from litestar import Controller, Response, delete, get, post
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import JSONBody, QueryParameter
from msgspec import Meta

from domain.authentication.principal import Scope
from domain.posts.model import LONGEST_CONTENT, NewPost, Post, PostPage
from entrypoints.http.authentication import needs, public
from entrypoints.http.bodies import largest_json
from entrypoints.http.paths import LOCATION, Id, given_integer
from entrypoints.http.request import ApiRequest

_LAST_PAGE = 2**31 - 1
"""As far as the number of posts to skip stays a 64-bit integer."""

_PAGE_SIZE = 10
_LARGEST_PAGE = 100

PageNumber = Annotated[
    str | None,
    QueryParameter(
        description="The first page is 1.",
        schema_extra={"type": OpenAPIType.INTEGER, "minimum": 1, "maximum": _LAST_PAGE, "default": 1},
    ),
]
PageSize = Annotated[
    str | None,
    QueryParameter(
        description="The most posts in one page.",
        schema_extra={"type": OpenAPIType.INTEGER, "minimum": 1, "maximum": _LARGEST_PAGE, "default": _PAGE_SIZE},
    ),
]


class PostController(Controller):
    """Posts: all may read, authors may remove theirs."""

    path = "/posts"
    tags = ("Posts",)

    @get(operation_id="listPosts", summary="List posts", opt=public())
    async def page(self, request: ApiRequest, page: PageNumber = None, per_page: PageSize = None) -> PostPage:
        """Return one page of the board, the newest first; a page beyond the last is empty."""
        return await request.services.posts.page(
            page=given_integer(page, Annotated[int, Meta(ge=1, le=_LAST_PAGE)], parameter="page") or 1,
            per_page=given_integer(per_page, Annotated[int, Meta(ge=1, le=_LARGEST_PAGE)], parameter="per_page")
            or _PAGE_SIZE,
        )

    @post(
        operation_id="createPost",
        summary="Publish a post",
        response_headers=[LOCATION],
        opt=needs(Scope.POSTS_WRITE),
        request_max_body_size=largest_json(LONGEST_CONTENT),
    )
    async def publish(self, request: ApiRequest, data: JSONBody[NewPost]) -> Response[Post]:
        """Publish a post under the e-mail address of the account that asks.

        More than the account may keep is 403 `quota_exceeded`.
        """
        new = await request.services.posts.publish(data, author_id=request.owner_id)
        return Response(new, headers={"location": f"/posts/{new.id}"})

    @get("/{post_id:str}", operation_id="getPost", summary="Read a post", opt=public())
    async def read(self, request: ApiRequest, post_id: Id) -> Post:
        """Return one post."""
        return await request.services.posts.get(post_id)

    @delete("/{post_id:str}", operation_id="deletePost", summary="Delete a post", opt=needs(Scope.POSTS_WRITE))
    async def remove(self, request: ApiRequest, post_id: Id) -> None:
        """Remove a post of one's own."""
        await request.services.posts.remove(post_id, author_id=request.owner_id)


@get(
    "/post/{post_id:str}",
    operation_id="getPostByOldPath",
    summary="Read a post by its old path",
    tags=["Posts"],
    opt=public(),
)
async def read_post(request: ApiRequest, post_id: Id) -> Post:
    """Return one post, as `/posts/{post_id}` does."""
    return await request.services.posts.get(post_id)
