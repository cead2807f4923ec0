"""What every ``PostRepository`` does."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.accounts.model import Account
from domain.errors import Forbidden, NotFound, Unauthenticated
from domain.pages import MAX_PAGE_BYTES
from domain.posts.model import MAX_CONTENT_LENGTH, Post, PostPosition
from domain.store import Store
from tests.clock import NOON


class PostsContract:
    async def test_values_come_back_exactly(self, store: Store, user: Account) -> None:
        at = datetime(2026, 2, 3, 4, 5, 6, 789_012, tzinfo=UTC)
        content = "  Grüße 👋\r\n\tund 'Anführungs\"zeichen' \\ % _  "

        post = await store.posts.add(content, author_id=user.id, at=at)

        assert post == Post(id=post.id, content=content, author_email=user.email, created_time=at)
        assert await store.posts.get(post.id) == post
        assert await store.posts.page(skip=0, limit=10) == [post]

    async def test_instants_come_back_in_utc(self, store: Store, user: Account) -> None:
        post = await store.posts.add("Hello", author_id=user.id, at=NOON)

        assert (await store.posts.get(post.id)).created_time.utcoffset() == timedelta(0)

    async def test_an_account_that_is_gone_publishes_nothing(self, store: Store, user: Account) -> None:
        await store.accounts.remove(user.id)

        with pytest.raises(Unauthenticated):
            await store.posts.add("Hello", author_id=user.id, at=NOON)

        assert await store.posts.count() == 0

    async def test_the_newest_post_comes_first_and_of_equals_the_last(self, store: Store, user: Account) -> None:
        days = {"new": 3, "old": 1, "tied, first": 2, "tied, second": 2}
        for content, day in days.items():
            await store.posts.add(content, author_id=user.id, at=NOON + timedelta(days=day))

        page = await store.posts.page(skip=0, limit=10)

        assert [post.content for post in page] == ["new", "tied, second", "tied, first", "old"]

    async def test_pages_lie_side_by_side(self, store: Store, user: Account) -> None:
        posts = [await store.posts.add(str(number), author_id=user.id, at=NOON) for number in range(5)]
        newest_first = posts[::-1]

        assert await store.posts.page(skip=0, limit=2) == newest_first[:2]
        assert await store.posts.page(skip=2, limit=2) == newest_first[2:4]
        assert await store.posts.page(skip=4, limit=2) == newest_first[4:]
        assert await store.posts.page(skip=2**60, limit=2) == []

    async def test_a_page_ends_before_it_holds_too_many_bytes(self, store: Store, user: Account) -> None:
        sizes = ["\x01" * MAX_CONTENT_LENGTH, "short", "😀" * MAX_CONTENT_LENGTH, "ß" * 9_000]
        posts = [
            await store.posts.add(sizes[number % 4], author_id=user.id, at=NOON + timedelta(days=number % 3))
            for number in range(60)
        ]
        newest_first = sorted(posts, key=lambda post: (post.created_time, post.id), reverse=True)

        parts = [await store.posts.page(skip=2, limit=57)]
        left = 57 - len(parts[0])
        while left:
            last = parts[-1][-1]
            parts.append(await store.posts.rest(PostPosition(created_time=last.created_time, id=last.id, left=left)))
            left -= len(parts[-1])

        assert len(parts) > 1
        assert [post for part in parts for post in part] == newest_first[2:59]
        assert all(sum(post.max_bytes() for post in part) <= MAX_PAGE_BYTES for part in parts)

    async def test_28_posts_are_a_whole_page_whatever_they_say(self, store: Store, user: Account) -> None:
        for _ in range(30):
            await store.posts.add("\x01" * MAX_CONTENT_LENGTH, author_id=user.id, at=NOON)

        assert len(await store.posts.page(skip=1, limit=28)) == 28
        assert len(await store.posts.page(skip=0, limit=100)) == 28

    async def test_after_the_last_post_nothing_is_left(self, store: Store, user: Account) -> None:
        post = await store.posts.add("Hello", author_id=user.id, at=NOON)

        assert await store.posts.rest(PostPosition(created_time=post.created_time, id=post.id, left=5)) == []

    async def test_the_posts_of_everybody_are_counted(self, store: Store, user: Account, stranger: Account) -> None:
        await store.posts.add("Hello", author_id=user.id, at=NOON)
        await store.posts.add("Hello", author_id=stranger.id, at=NOON)

        assert await store.posts.count() == 2

    async def test_authors_remove_their_posts(self, store: Store, user: Account) -> None:
        post = await store.posts.add("Hello", author_id=user.id, at=NOON)
        other = await store.posts.add("Second", author_id=user.id, at=NOON)

        await store.posts.remove(post.id, author_id=user.id)

        assert await store.posts.page(skip=0, limit=10) == [other]
        with pytest.raises(NotFound):
            await store.posts.get(post.id)
        with pytest.raises(NotFound):
            await store.posts.remove(post.id, author_id=user.id)

    async def test_nobody_else_removes_a_post(self, store: Store, user: Account, stranger: Account) -> None:
        post = await store.posts.add("Hello", author_id=user.id, at=NOON)

        with pytest.raises(Forbidden):
            await store.posts.remove(post.id, author_id=stranger.id)

        assert await store.posts.get(post.id) == post

    async def test_the_id_of_a_removed_post_is_never_used_again(self, store: Store, user: Account) -> None:
        first = await store.posts.add("Hello", author_id=user.id, at=NOON)
        await store.posts.remove(first.id, author_id=user.id)

        second = await store.posts.add("Hello", author_id=user.id, at=NOON)

        assert second.id > first.id
