"""What people do with the notice board, a method for each use case."""

from domain.clock import Clock
from domain.posts.model import NewPost, Post, PostPage
from domain.quotas.guard import QuotaGuard
from domain.quotas.model import Usage
from domain.store import Store


class PostService:
    """Keeps the notice board."""

    def __init__(self, store: Store, *, quotas: QuotaGuard, now: Clock) -> None:
        self._store = store
        self._quotas = quotas
        self._now = now

    async def publish(self, new: NewPost, *, author_id: int) -> Post:
        """Publish a post.

        :raises Invalid: if the content breaks a rule.
        :raises QuotaExceeded: if the author may not keep as much.
        """
        content = new.checked()
        growth = Usage(posts=1, bytes=len(content.encode()))
        if await self._quotas.has_room(author_id, growth):
            return await self._store.posts.add(content, author_id=author_id, at=self._now())
        async with self._quotas.checked(author_id, growth) as tx:
            return await tx.posts.add(content, author_id=author_id, at=self._now())

    async def get(self, post_id: int) -> Post:
        """Return one post.

        :raises NotFound: if there is none.
        """
        return await self._store.posts.get(post_id)

    async def page(self, *, page: int, per_page: int) -> PostPage:
        """Return one page; one beyond the last is empty."""
        result = await self._store.posts.page(skip=(page - 1) * per_page, limit=per_page)
        return PostPage(page=page, per_page=per_page, total=await self._store.posts.count(), result=result)

    async def remove(self, post_id: int, *, author_id: int) -> None:
        """Remove one post.

        :raises NotFound: if there is none.
        :raises Forbidden: if somebody else wrote it.
        """
        await self._store.posts.remove(post_id, author_id=author_id)
