"""What a post is."""

from typing import Annotated

from msgspec import Meta, Struct

from domain.clock import Instant
from domain.text import checked_text

LONGEST_CONTENT = 20_000


class Post(Struct, frozen=True, kw_only=True):
    """A notice that everybody can read."""

    id: int
    content: str
    author_email: str
    created_time: Instant


class NewPost(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client says of a post it wants to publish."""

    content: Annotated[
        str, Meta(min_length=1, max_length=LONGEST_CONTENT, examples=["The lift is out of order until Friday."])
    ]

    def checked(self) -> str:
        """Return the content with every rule applied.

        :raises Invalid: if it breaks one.
        """
        return checked_text(self.content, pointer="/content", shortest=1, longest=LONGEST_CONTENT)


class PostPage(Struct, frozen=True, kw_only=True):
    """One page of the board, the newest first; ``total`` is the number of all posts."""

    page: int
    per_page: int
    total: int
    result: list[Post]
