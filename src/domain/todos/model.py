"""What a to-do is, and how it changes."""

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from domain.clock import Instant
from domain.errors import Invalid
from domain.faults import Faults
from domain.pages import MAX_CHARACTER_BYTES, max_text_bytes
from domain.text import checked_label, checked_text, fold
from domain.todos.due import Due, DuePatch, NewDue

MAX_TITLE_LENGTH = 200
MAX_DESCRIPTION_LENGTH = 10_000
MAX_TAG_LENGTH = 50
MAX_TAGS = 20
MAX_SENT_TAGS = 2 * MAX_TAGS
"""Of which no more than ``MAX_TAGS`` may be different."""

MAX_TAG_BYTES = MAX_CHARACTER_BYTES * MAX_TAG_LENGTH + 3
"""Bytes that a tag takes as JSON at the most, with its quotes and a comma."""

MAX_OTHER_BYTES = 600
"""Bytes that a to-do takes as JSON at the most without its title, its description and its tags."""

MAX_TODO_BYTES = (
    MAX_OTHER_BYTES + MAX_CHARACTER_BYTES * (MAX_TITLE_LENGTH + MAX_DESCRIPTION_LENGTH) + MAX_TAG_BYTES * MAX_TAGS
)
"""Bytes that a to-do takes as JSON at the most, see ``domain.pages``."""

Title = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_TITLE_LENGTH,
        description="Blanks around it count, and are taken away; there must be something else.",
        examples=["Buy oat milk"],
    ),
]
Description = Annotated[str, Meta(max_length=MAX_DESCRIPTION_LENGTH)]
Priority = Annotated[int, Meta(ge=1, le=5, description="1 is the highest.", examples=[2])]
Tags = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=MAX_TAG_LENGTH)]],
    Meta(
        max_length=MAX_SENT_TAGS,
        description=f"At most {MAX_TAGS} different ones: trimmed, compared without case and in the Unicode form NFC, "
        "the first spelling kept.",
        examples=[["home", "shopping"]],
    ),
]


class Todo(Struct, frozen=True, kw_only=True):
    """A to-do. ``version`` starts at 1 and grows by one with each change."""

    id: int = 0  # until it is stored
    title: str
    description: str | None
    done: bool
    done_at: Instant | None
    priority: Priority | None
    tags: tuple[str, ...]
    due: Due | None
    due_at: Instant | None
    created_at: Instant
    updated_at: Instant
    version: int = 1

    @property
    def size(self) -> int:
        """Bytes of its texts in UTF-8, which count for the owner's quota."""
        return len(self.title.encode()) + len((self.description or "").encode()) + len("".join(self.tags).encode())

    def max_bytes(self) -> int:
        """Return how many bytes this takes as JSON at the most, see ``domain.pages``; databases count alike."""
        return (
            MAX_OTHER_BYTES
            + max_text_bytes(self.title, max_length=MAX_TITLE_LENGTH)
            + max_text_bytes(self.description, max_length=MAX_DESCRIPTION_LENGTH)
            + MAX_TAG_BYTES * len(self.tags)
        )

    def patched(self, patch: "TodoPatch", *, zone_of_owner: str, at: datetime) -> "Todo":
        """Return the to-do as ``patch`` wants it, or this very object where the patch changes nothing.

        :raises Invalid: if values of the patch break a rule.
        """
        title, description, tags, due = self.title, self.description, self.tags, self.due
        with Faults() as faults:
            if patch.title is not UNSET:
                title = faults.of(checked_title, patch.title)
            if patch.description is not UNSET:
                description = faults.of(checked_description, patch.description)
            if patch.tags is not UNSET:
                tags = faults.of(checked_tags, patch.tags or ())
            if patch.due is not UNSET:
                due = patch.due and faults.of(patch.due.merged_into, due, zone_of_owner=zone_of_owner)
        done = self.done if patch.done is UNSET else patch.done
        changed = replace(
            self,
            title=title,
            description=description,
            done=done,
            done_at=(self.done_at or at) if done else None,
            priority=self.priority if patch.priority is UNSET else patch.priority,
            tags=tags,
            due=due,
            due_at=due and due.instant(),
        )
        # A clock that was set back must not make a to-do look older than it is.
        return (
            self if changed == self else replace(changed, updated_at=max(at, self.updated_at), version=self.version + 1)
        )


class NewTodo(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client says of a to-do it wants to keep."""

    title: Title
    description: Description | None = None
    done: bool = False
    priority: Priority | None = None
    tags: Tags | None = None
    due: NewDue | None = None

    def checked(self, *, zone_of_owner: str, at: datetime) -> Todo:
        """Return the to-do with every rule applied.

        :raises Invalid: if values break a rule.
        """
        with Faults() as faults:
            title = faults.of(checked_title, self.title)
            description = faults.of(checked_description, self.description)
            tags = faults.of(checked_tags, self.tags or ())
            due = self.due and faults.of(self.due.checked, zone_of_owner=zone_of_owner)
        return Todo(
            title=title,
            description=description,
            done=self.done,
            done_at=at if self.done else None,
            priority=self.priority,
            tags=tags,
            due=due,
            due_at=due and due.instant(),
            created_at=at,
            updated_at=at,
        )


class TodoPatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A merge patch (RFC 7396) of a to-do: absent is unchanged, null is cleared, anything unknown is refused."""

    title: Title | UnsetType = UNSET
    description: Description | None | UnsetType = UNSET
    done: bool | UnsetType = UNSET
    priority: Priority | None | UnsetType = UNSET
    tags: Tags | None | UnsetType = UNSET
    due: DuePatch | None | UnsetType = UNSET

    @property
    def needs_zone_of_owner(self) -> bool:
        """Whether the patch speaks of a due date, which may fall back on the owner's time zone."""
        return isinstance(self.due, DuePatch)


class TagCount(Struct, frozen=True, kw_only=True):
    """How many to-dos bear a tag. Of several spellings, the first in the order of code points stands for all."""

    tag: str
    count: int


def checked_title(title: str) -> str:
    """Return the title trimmed."""
    return checked_label(title, pointer="/title", max_length=MAX_TITLE_LENGTH)


def checked_description(description: str | None) -> str | None:
    """Return the description as it is: white space may mean something in it."""
    return description and checked_text(description, pointer="/description", max_length=MAX_DESCRIPTION_LENGTH)


def checked_tags(tags: "tuple[str, ...] | list[str]") -> tuple[str, ...]:
    """Return the tags trimmed, each once; of two that are the same without case and in NFC, the first stays."""
    with Faults() as faults:
        labels = [
            faults.of(checked_label, tag, pointer=f"/tags/{index}", max_length=MAX_TAG_LENGTH)
            for index, tag in enumerate(tags)
        ]
    unique: dict[str, str] = {}
    for label in labels:
        unique.setdefault(fold(label), label)
    if len(unique) > MAX_TAGS:
        raise Invalid(f"Must have at most {MAX_TAGS} different tags.", pointer="/tags")
    return tuple(unique.values())
