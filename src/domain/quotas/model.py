"""How much an account may keep, and how much it does."""

from msgspec import Struct

from domain.errors import QuotaExceeded, QuotaName

QUOTA_NAMES: tuple[QuotaName, ...] = ("todos", "bytes", "posts")


class Usage(Struct, frozen=True, kw_only=True):
    """What an account keeps, or what a change adds to that.

    ``bytes`` are those of its texts in UTF-8: titles, descriptions and tags of to-dos as they are answered, and the
    content of posts. Numbers, dates, case-folded copies and indexes do not count.
    """

    todos: int = 0
    bytes: int = 0
    posts: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(todos=self.todos + other.todos, bytes=self.bytes + other.bytes, posts=self.posts + other.posts)

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(todos=self.todos - other.todos, bytes=self.bytes - other.bytes, posts=self.posts - other.posts)


class AccountQuotas(Struct, frozen=True, kw_only=True):
    """The most that one account may keep.

    Nobody writes as much by hand, and a program that does cannot fill the disk. The bytes also bound what a search has
    to read, all texts of its owner: 64 MiB take some 60 milliseconds, far from the time that a read may take.
    """

    todos: int = 100_000
    bytes: int = 64 * 1024 * 1024
    posts: int = 10_000

    def require_room(self, usage: Usage, growth: Usage) -> None:
        """Do nothing if the account may keep ``growth`` besides what it keeps.

        What does not grow is never refused, also of an account that has more than it may since a quota was lowered.

        :raises QuotaExceeded: otherwise.
        """
        for name in QUOTA_NAMES:
            more, limit = getattr(growth, name), getattr(self, name)
            if more > 0 and getattr(usage, name) + more > limit:
                raise QuotaExceeded(name, limit)
