"""How many bytes a page takes at the most."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.pages import MAX_PAGE_BYTES, how_many_fit, max_text_bytes
from domain.posts.model import MAX_CONTENT_LENGTH, MAX_POST_BYTES, Post
from domain.todos.due import Due
from domain.todos.model import MAX_DESCRIPTION_LENGTH, MAX_TAG_LENGTH, MAX_TAGS, MAX_TITLE_LENGTH, MAX_TODO_BYTES, Todo
from tests.builders import a_todo
from tests.clock import NOON

A_COMMA = 1
MAX_INTEGER = 2**63 - 1
LAST = datetime.max.replace(tzinfo=UTC)
WORST = ["\x01", '"', "\\", "\n", "\x7f", "\u2028", "x", "ß", "日", "😀"]

storable = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")


def largest_todo(character: str) -> Todo:
    """Return a to-do that has as much of everything as there may be."""
    return replace(
        a_todo(
            character * MAX_TITLE_LENGTH,
            description=character * MAX_DESCRIPTION_LENGTH,
            tags=(character * MAX_TAG_LENGTH,) * MAX_TAGS,
            done_at=LAST,
            priority=5,
            created_at=LAST,
            updated_at=LAST,
            version=MAX_INTEGER,
        ),
        id=MAX_INTEGER,
        due=Due(date=LAST.date(), time=LAST.time(), zone="X" * 64),
        due_at=LAST,
    )


def json_bytes(item: Todo | Post) -> int:
    """Return how many bytes an item adds to a list."""
    return len(msgspec.json.encode(item)) + A_COMMA


@given(st.text(storable, max_size=300))
def test_a_text_takes_no_more_than_is_said(text: str) -> None:
    assert len(msgspec.json.encode(text)) - 2 <= max_text_bytes(text, max_length=300)


@given(st.text(storable, max_size=200), st.none() | st.text(storable), st.lists(st.text(storable, max_size=50)))
def test_a_todo_takes_no_more_than_is_said(title: str, description: str | None, tags: list[str]) -> None:
    todo = a_todo(title, description=description, tags=tuple(tags))

    assert json_bytes(todo) <= todo.max_bytes()


@pytest.mark.parametrize("character", WORST)
def test_the_largest_todo_takes_no_more_than_is_said_and_fits_fifty_times(character: str) -> None:
    todo = largest_todo(character)

    assert json_bytes(todo) <= todo.max_bytes()
    assert todo.max_bytes() <= MAX_TODO_BYTES
    assert 50 * MAX_TODO_BYTES <= MAX_PAGE_BYTES


@pytest.mark.parametrize("character", WORST)
def test_twenty_eight_of_the_largest_posts_fit(character: str) -> None:
    post = Post(
        id=MAX_INTEGER,
        content=character * MAX_CONTENT_LENGTH,
        author_email="\x01" * 100,
        created_time=LAST,
    )

    assert json_bytes(post) <= post.max_bytes() <= MAX_POST_BYTES
    assert 28 * MAX_POST_BYTES <= MAX_PAGE_BYTES


def test_two_hundred_ordinary_todos_are_a_page() -> None:
    todo = a_todo(description="x" * 700, tags=("home", "shopping", "weekend"), created_at=NOON)

    assert how_many_fit([todo.max_bytes()] * 200) == 200


def test_what_fits_is_counted() -> None:
    half = MAX_PAGE_BYTES // 2

    assert [how_many_fit(sizes) for sizes in ([], [half], [half] * 2, [half] * 3, [half, half, 1])] == [0, 1, 2, 2, 2]
