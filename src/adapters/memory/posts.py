"""Posts in memory."""

from datetime import datetime

from msgspec import Struct

from adapters.memory.accounts import existing_account
from adapters.memory.state import State, Table, Tables, Transaction
from domain.errors import Forbidden, NotFound
from domain.pages import how_many_fit
from domain.posts.model import Post, PostPosition


class StoredPost(Struct, frozen=True):
    """A post and who wrote it."""

    post: Post
    owner_id: int


POSTS = Table[StoredPost]()


class MemoryPosts:
    """Implements ``domain.posts.ports.PostRepository``."""

    def __init__(self, state: State | Transaction) -> None:
        self._state = state

    async def add(self, content: str, *, author_id: int, at: datetime) -> Post:
        """See the port."""
        async with self._state.writing() as tables:
            author = existing_account(tables, author_id).account
            post = Post(id=self._state.new_id(), content=content, author_email=author.email, created_time=at)
            tables[POSTS][post.id] = StoredPost(post, author_id)
        return post

    async def get(self, post_id: int) -> Post:
        """See the port."""
        return _existing(self._state.tables, post_id).post

    async def page(self, *, skip: int, limit: int) -> list[Post]:
        """See the port."""
        return _fitting(self._newest_first()[skip : skip + limit])

    async def rest(self, after: PostPosition) -> list[Post]:
        """See the port."""
        place = (after.created_time, after.id)
        further = [post for post in self._newest_first() if (post.created_time, post.id) < place]
        return _fitting(further[: after.left])

    async def count(self) -> int:
        """See the port."""
        return len(self._state.tables[POSTS])

    async def remove(self, post_id: int, *, author_id: int) -> None:
        """See the port."""
        async with self._state.writing() as tables:
            if _existing(tables, post_id).owner_id != author_id:
                raise Forbidden("Somebody else wrote this post.")
            del tables[POSTS][post_id]

    def _newest_first(self) -> list[Post]:
        posts = (stored.post for stored in self._state.tables[POSTS].values())
        return sorted(posts, key=lambda post: (post.created_time, post.id), reverse=True)


def _fitting(posts: list[Post]) -> list[Post]:
    return posts[: how_many_fit(post.max_bytes() for post in posts)]


def _existing(tables: Tables, post_id: int) -> StoredPost:
    try:
        return tables[POSTS][post_id]
    except KeyError:
        raise NotFound("There is no such post.") from None
