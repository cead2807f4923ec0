"""What a post is."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from domain.clock import Instant
from domain.pages import MAX_CHARACTER_BYTES, max_text_bytes
from domain.text import checked_text

MAX_CONTENT_LENGTH = 20_000

MAX_OTHER_BYTES = 800
"""Bytes that a post takes as JSON at the most without its content."""

MAX_POST_BYTES = MAX_OTHER_BYTES + MAX_CHARACTER_BYTES * MAX_CONTENT_LENGTH
"""Bytes that a post takes as JSON at the most, see ``domain.pages``; ten fit in a page whatever they say."""


class Post(Struct, frozen=True, kw_only=True):
    """A notice that everybody can read."""

    id: int
    content: str
    author_email: str
    created_time: Instant

    def max_bytes(self) -> int:
        """Return how many bytes this takes as JSON at the most, see ``domain.pages``; databases count alike."""
        return MAX_OTHER_BYTES + max_text_bytes(self.content, max_length=MAX_CONTENT_LENGTH)


class PostPosition(Struct, frozen=True, kw_only=True):
    """The last post that was read of a page, and how many of that page are left."""

    created_time: datetime
    id: int
    left: int


class NewPost(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client says of a post it wants to publish."""

    content: Annotated[
        str, Meta(min_length=1, max_length=MAX_CONTENT_LENGTH, examples=["The lift is out of order until Friday."])
    ]

    def checked(self) -> str:
        """Return the content with every rule applied.

        :raises Invalid: if it breaks one.
        """
        return checked_text(self.content, pointer="/content", min_length=1, max_length=MAX_CONTENT_LENGTH)


class PostPage(Struct, frozen=True, kw_only=True):
    """One page of the board, the newest first; ``total`` is the number of all posts.

    A page of long posts comes in parts: ``next`` is where the next part of it starts, if there is one.
    """

    page: int
    per_page: int
    total: int
    result: list[Post]
    next: PostPosition | None = None
