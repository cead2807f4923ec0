"""What posts need of a store."""

from datetime import datetime
from typing import Protocol

from domain.posts.model import Post, PostPosition


class PostRepository(Protocol):
    """The posts of everybody: all may read them, only their authors may remove them."""

    async def add(self, content: str, *, author_id: int, at: datetime) -> Post:
        """Publish a post under the e-mail address of the author's account.

        :raises Unauthenticated: if the author's account is gone.
        """
        ...

    async def get(self, post_id: int) -> Post:
        """Return one post.

        :raises NotFound: if there is none.
        """
        ...

    async def page(self, *, skip: int, limit: int) -> list[Post]:
        """Return the posts after the first ``skip``, the newest first: at most ``limit``, and no more than fit."""
        ...

    async def rest(self, after: PostPosition) -> list[Post]:
        """Return what is left of a page after a post, and no more than fits."""
        ...

    async def count(self) -> int:
        """Return the number of all posts."""
        ...

    async def remove(self, post_id: int, *, author_id: int) -> None:
        """Remove one post.

        :raises NotFound: if there is none.
        :raises Forbidden: if somebody else wrote it.
        """
        ...
