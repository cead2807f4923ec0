"""The notice board."""

import pytest

from adapters.memory.store import MemoryStore
from domain.accounts.model import Account
from domain.errors import Forbidden, Invalid, NotFound, Unauthenticated
from domain.posts.model import NewPost
from domain.posts.service import PostService
from tests.builders import a_new_account
from tests.clock import NOON, StandingClock
from tests.harness import services_on


@pytest.fixture
def posts(store: MemoryStore, clock: StandingClock) -> PostService:
    return services_on(store, now=clock).posts


async def test_a_post_bears_the_address_of_its_author_and_the_time(posts: PostService, user: Account) -> None:
    post = await posts.publish(NewPost(content="The lift is out of order."), author_id=user.id)

    assert (post.content, post.author_email, post.created_time) == ("The lift is out of order.", user.email, NOON)
    assert await posts.get(post.id) == post


@pytest.mark.parametrize("content", ["", "x" * 20_001, "a\x00b", "\ud800"])
async def test_content_that_breaks_a_rule_is_not_published(posts: PostService, user: Account, content: str) -> None:
    with pytest.raises(Invalid) as error:
        await posts.publish(NewPost(content=content), author_id=user.id)

    assert error.value.pointer == "/content"
    assert (await posts.page(page=1, per_page=10)).total == 0


async def test_the_longest_content_is_published_as_it_is(posts: PostService, user: Account) -> None:
    content = " " + "x" * 19_998 + "\n"

    assert (await posts.publish(NewPost(content=content), author_id=user.id)).content == content


async def test_an_account_that_is_gone_publishes_nothing(posts: PostService) -> None:
    with pytest.raises(Unauthenticated):
        await posts.publish(NewPost(content="x"), author_id=7)


async def test_the_board_shows_the_newest_first_page_by_page(
    posts: PostService, user: Account, clock: StandingClock
) -> None:
    for number in range(5):
        await posts.publish(NewPost(content=f"post {number}"), author_id=user.id)
        clock.advance(seconds=1)

    pages = [await posts.page(page=number, per_page=2) for number in (1, 2, 3, 4)]

    assert [[post.content for post in page.result] for page in pages] == [
        ["post 4", "post 3"], ["post 2", "post 1"], ["post 0"], [],
    ]  # fmt: skip
    assert [(page.page, page.per_page, page.total) for page in pages] == [(number, 2, 5) for number in (1, 2, 3, 4)]


async def test_only_its_author_can_remove_a_post(posts: PostService, store: MemoryStore, user: Account) -> None:
    other = await store.accounts.add(a_new_account())
    post = await posts.publish(NewPost(content="mine"), author_id=user.id)

    with pytest.raises(Forbidden):
        await posts.remove(post.id, author_id=other.id)
    await posts.remove(post.id, author_id=user.id)

    with pytest.raises(NotFound):
        await posts.get(post.id)
    with pytest.raises(NotFound):
        await posts.remove(post.id, author_id=user.id)
