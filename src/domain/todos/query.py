"""Which to-dos, in which order, from where on."""

from datetime import date, datetime, time
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from domain.errors import Invalid
from domain.text import checked_text, fold
from domain.todos.due import instant_of
from domain.todos.model import MAX_TAG_LENGTH, MAX_TAGS, MAX_TITLE_LENGTH, TagCount, Todo

SortKey = Literal["created_at", "due_at", "priority", "updated_at", "title"]
SortValue = datetime | int | str | None

MAX_WORDS = 10
"""Different words of a search: each is looked for in every to-do of the owner."""


class TodoFilter(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Conditions that all hold. ``None`` asks for nothing.

    The due interval is half open, ``due_after <= due_at < due_before``, so that intervals side by side neither
    overlap nor leave a gap. A day in place of an instant is the first instant of that day where the owner is, see
    ``in_zone``. Tags and texts are compared without case; each of ``tags`` is borne, and each of ``texts`` occurs in
    the title or in the description.
    """

    done: bool | None = None
    tags: tuple[str, ...] = ()
    priority: int | None = None
    has_due: bool | None = None
    due_before: datetime | date | None = None
    due_after: datetime | date | None = None
    updated_since: datetime | None = None
    texts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.tags) > MAX_TAGS:
            raise Invalid(f"Must be at most {MAX_TAGS} tags.", pointer="/tags")
        if len(self.texts) > MAX_WORDS:
            raise Invalid(f"Must have at most {MAX_WORDS} different words.", pointer="/texts")
        for tag in self.tags:
            checked_text(tag, pointer="/tags", max_length=MAX_TAG_LENGTH)
        for text in self.texts:
            checked_text(text, pointer="/texts", max_length=MAX_TITLE_LENGTH)

    @property
    def names_days(self) -> bool:
        """Whether it depends on a time zone when it begins or ends."""
        return any(bound is not None and not isinstance(bound, datetime) for bound in (self.due_before, self.due_after))

    def in_zone(self, name: str) -> "TodoFilter":
        """Return the same conditions with instants for days, as repositories want them."""
        return replace(
            self, due_before=_first_instant(self.due_before, name), due_after=_first_instant(self.due_after, name)
        )


def words_of(text: str) -> tuple[str, ...]:
    """Return the words that a search asks for, in the form in which they are compared, each once.

    :raises Invalid: if there are more characters than a title has.
    """
    checked_text(text, pointer="/texts", max_length=MAX_TITLE_LENGTH)
    folded = checked_text(fold(text), pointer="/texts", max_length=MAX_TITLE_LENGTH)  # may have three times as many
    return tuple(dict.fromkeys(folded.split()))


def _first_instant(bound: datetime | date | None, zone_name: str) -> datetime | None:
    if bound is None or isinstance(bound, datetime):
        return bound
    return instant_of(bound, time.min, zone_name=zone_name)


class TodoOrder(Struct, frozen=True, kw_only=True, omit_defaults=True):
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
