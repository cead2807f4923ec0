"""Which to-dos, in which order, from where on."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from domain.text import checked_text, fold
from domain.todos.model import MAX_TAG_LENGTH, MAX_TITLE_LENGTH, TagCount, Todo

SortKey = Literal["created_at", "due_at", "priority", "updated_at", "title"]
SortValue = datetime | int | str | None


class TodoFilter(Struct, frozen=True, kw_only=True):
    """Conditions that all hold. ``None`` asks for nothing.

    The due interval is half open, ``due_after <= due_at < due_before``, so that intervals side by side neither
    overlap nor leave a gap. ``tag`` and ``text`` are compared without case; ``text`` is looked for in the title
    and in the description.
    """

    done: bool | None = None
    tag: str | None = None
    priority: int | None = None
    due_before: datetime | None = None
    due_after: datetime | None = None
    text: str | None = None

    def __post_init__(self) -> None:
        if self.tag is not None:
            checked_text(self.tag, pointer="/tag", max_length=MAX_TAG_LENGTH)
        if self.text is not None:
            checked_text(self.text, pointer="/text", max_length=MAX_TITLE_LENGTH)
            checked_text(fold(self.text), pointer="/text", max_length=MAX_TITLE_LENGTH)  # may have three times as many


class TodoOrder(Struct, frozen=True, kw_only=True):
    """Sorted by ``key``, equal ones by id in the same direction; those without a value come last either way.

    Titles are compared without case, by code points.
    """

    key: SortKey = "created_at"
    descending: bool = False


class Position(Struct, frozen=True):
    """The last to-do that was seen: its value of the sort key, and its id."""

    value: SortValue
    id: int

    @classmethod
    def of(cls, todo: Todo, order: TodoOrder) -> "Position":
        """Return where ``todo`` stands in ``order``."""
        return cls(sort_value(todo, order.key), todo.id)


class TodoQuery(Struct, frozen=True, kw_only=True):
    """One page: at most ``limit`` to-dos that come after ``after``, and no more than fit, see ``domain.pages``."""

    where: TodoFilter = TodoFilter()
    order: TodoOrder = TodoOrder()
    limit: int = 50
    after: Position | None = None

    @property
    def is_heavy(self) -> bool:
        """Whether finding a page takes more than reading it: all to-dos of the owner may have to be looked at."""
        return self.where != _EVERYTHING or self.order.key not in _INDEXED


_EVERYTHING = TodoFilter()
_INDEXED = frozenset[SortKey]({"created_at", "due_at"})
"""What repositories keep to-dos in the order of."""


class TodoPage(Struct, frozen=True, kw_only=True):
    """The to-dos of one page; ``next`` is where the following page starts, if there is one.

    A page of fewer than ``limit`` to-dos is not the last one if more would not fit.
    """

    items: list[Todo]
    next: Position | None
    total: int | None = None

    @classmethod
    def of(cls, items: list[Todo], query: TodoQuery, *, more: bool) -> "TodoPage":
        """Return a page of these to-dos; whether ``more`` follow, says whoever found them."""
        return cls(items=items, next=Position.of(items[-1], query.order) if more else None)


class TagQuery(Struct, frozen=True, kw_only=True):
    """One page of tags: at most ``limit`` whose folded forms come after ``after``."""

    limit: int = 200
    after: str | None = None


class TagPage(Struct, frozen=True, kw_only=True):
    """The tags of one page; ``next`` is the folded form after which the following page starts, if there is one."""

    items: list[TagCount]
    next: str | None


def sort_value(todo: Todo, key: SortKey) -> SortValue:
    """Return what ``todo`` is sorted by."""
    return fold(todo.title) if key == "title" else getattr(todo, key)
