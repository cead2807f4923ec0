"""What people do with the notice board, a method for each use case."""

from domain.clock import Clock
from domain.pages import MAX_PAGE_BYTES
from domain.posts.model import MAX_POST_BYTES, NewPost, Post, PostPage, PostPosition
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
        return await self._quotas.checked(
            author_id, growth, lambda tx: tx.posts.add(content, author_id=author_id, at=self._now())
        )

    async def get(self, post_id: int) -> Post:
        """Return one post.

        :raises NotFound: if there is none.
        """
        return await self._store.posts.get(post_id)

    async def page(self, *, page: int, per_page: int, after: PostPosition | None = None) -> PostPage:
        """Return one page, or what is left of it ``after`` a post; one beyond the last is empty."""
        skip = (page - 1) * per_page
        if after is None:
            result = await self._store.posts.page(skip=skip, limit=per_page)
        else:
            result = await self._store.posts.rest(after)
        total = await self._store.posts.count()
        left = (min(per_page, total - skip) if after is None else after.left) - len(result)
        return PostPage(page=page, per_page=per_page, total=total, result=result, next=_next(result, left))

    async def remove(self, post_id: int, *, author_id: int) -> None:
        """Remove one post.

        :raises NotFound: if there is none.
        :raises Forbidden: if somebody else wrote it.
        """
        await self._store.posts.remove(post_id, author_id=author_id)


def _next(result: list[Post], left: int) -> PostPosition | None:
    """Return where the next part of a page starts; fewer posts than expected may also have been removed meanwhile."""
    if left <= 0 or sum(post.max_bytes() for post in result) + MAX_POST_BYTES <= MAX_PAGE_BYTES:
        return None
    return PostPosition(created_time=result[-1].created_time, id=result[-1].id, left=left)
