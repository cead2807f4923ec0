"""The public notice board over HTTP."""

from typing import Annotated

from litestar import Controller, Response, delete, get, post
from litestar.params import JSONBody, QueryParameter

from domain.authentication.principal import Scope
from domain.posts.model import NewPost, Post, PostPage
from entrypoints.http.authentication import needs, public
from entrypoints.http.paths import LOCATION, Id
from entrypoints.http.request import ApiRequest

_LAST_PAGE = 2**31 - 1
"""As far as the number of posts to skip stays a 64-bit integer."""

PageNumber = Annotated[int, QueryParameter(description="The first page is 1.", ge=1, le=_LAST_PAGE)]
PageSize = Annotated[int, QueryParameter(description="The most posts in one page.", ge=1, le=100)]


class PostController(Controller):
    """Posts: all may read, authors may remove theirs."""

    path = "/posts"
    tags = ("Posts",)

    @get(operation_id="listPosts", summary="List posts", opt=public())
    async def page(self, request: ApiRequest, page: PageNumber = 1, per_page: PageSize = 10) -> PostPage:
        """Return one page of the board, the newest first; a page beyond the last is empty."""
        return await request.services.posts.page(page=page, per_page=per_page)

    @post(
        operation_id="createPost", summary="Publish a post", response_headers=[LOCATION], opt=needs(Scope.POSTS_WRITE)
    )
    async def publish(self, request: ApiRequest, data: JSONBody[NewPost]) -> Response[Post]:
        """Publish a post under the e-mail address of the account that asks."""
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
