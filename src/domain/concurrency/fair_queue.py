"""Whose turn it is, where many want to be served at once."""

from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Generic, TypeVar

from msgspec import Struct

_PREFERRED_IN_A_ROW = 3
"""After so many of the preferred, one of the others has a turn: they wait longer, and not for ever."""

Waiter = TypeVar("Waiter", bound=Hashable)


class ConcurrencyLimits(Struct, frozen=True, kw_only=True):
    """How many may be at work at once: in all, and for one key; and how many of one key may wait for that.

    ``capacity`` is ``None`` where only those of one key stand in each other's way.
    """

    capacity: int | None = None
    per_key: int
    max_waiting: int


class _Line(Struct, Generic[Waiter]):
    """Those of one key: how many are at work, and who waits, the preferred apart from the others.

    Nearly every request makes one, and hardly any waits: a queue is made for the first who does.
    """

    running: int = 0
    preferred: deque[Waiter] | tuple[()] = ()
    others: deque[Waiter] | tuple[()] = ()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self.preferred) + len(self.others)

    def append(self, waiter: Waiter, *, is_preferred: bool) -> None:
        """Have somebody wait behind all others of the same kind."""
        if is_preferred:
            self.preferred = self.preferred or deque[Waiter]()
            self.preferred.append(waiter)
        else:
            self.others = self.others or deque[Waiter]()
            self.others.append(waiter)


class FairQueue(Generic[Waiter]):
    """Lets keys have their turns one after the other, however many wait under each of them.

    This is fair queueing (RFC 970, Nagle 1985) with requests for packets, and a key for each of those who share: a
    waiter waits for at most one request of each other key before it, besides those of its own. It is no queue of
    asyncio's: it decides, and somebody else waits.

    Waiters are told apart by equality. Whoever was let in, by ``admit`` or because ``leave`` returned them, is to
    ``leave``; whoever waits and no longer wants to, to ``abandon``.
    """

    def __init__(self, limits: ConcurrencyLimits) -> None:
        self._limits = limits
        self._lines: dict[Hashable, _Line[Waiter]] = {}
        # The keys for whom somebody waits and who may have a turn: whose it is next stands first.
        self._preferred: OrderedDict[Hashable, None] = OrderedDict()
        self._others: OrderedDict[Hashable, None] = OrderedDict()
        self._preferred_in_a_row = 0
        self.running = 0
        """How many are at work."""
        self.waiting = 0
        """How many wait."""

    def __len__(self) -> int:
        """Return for how many keys there is somebody."""
        return len(self._lines)

    def admit(self, key: Hashable) -> bool:
        """Let somebody in if there is a place, and nobody of the same key waits for one."""
        line: _Line[Waiter] | None = self._lines.get(key)
        if line is None:
            line = _Line()
        elif line.running >= self._limits.per_key or line.waiting:
            return False
        if not self._has_room():
            return False
        self._lines[key] = line
        line.running += 1
        self.running += 1
        return True

    def wait(self, key: Hashable, waiter: Waiter, *, is_preferred: bool = False) -> bool:
        """Have somebody wait who was not let in; tell whether they may: not if too many of theirs do."""
        line: _Line[Waiter] = self._lines.get(key) or _Line()
        if line.waiting >= self._limits.max_waiting:
            return False
        self._lines[key] = line
        line.append(waiter, is_preferred=is_preferred)
        self.waiting += 1
        self._enlist(key, line)
        return True

    def leave(self, key: Hashable) -> Waiter | None:
        """Give a place back, and return who has it now, if somebody waited for it."""
        line = self._lines[key]
        line.running -= 1
        self.running -= 1
        if not self.waiting:
            if not line.running:
                del self._lines[key]
            return None
        self._enlist(key, line)
        self._forget_if_empty(key, line)
        return self._next() if self._has_room() else None

    def abandon(self, key: Hashable, waiter: Waiter) -> bool:
        """Let a waiter go away; tell whether it was still waiting, and not admitted meanwhile."""
        line = self._lines.get(key)
        if line is None:
            return False
        for waiting in (line.preferred, line.others):
            if waiting and waiter in waiting:
                waiting.remove(waiter)
                self.waiting -= 1
                self._enlist(key, line)
                self._forget_if_empty(key, line)
                return True
        return False

    def is_at_its_limit(self, key: Hashable) -> bool:
        """Tell whether a key has as much at work as one key may: it is in nobody's way but its own."""
        line = self._lines.get(key)
        return line is not None and line.running >= self._limits.per_key

    def _has_room(self) -> bool:
        capacity = self._limits.capacity
        return capacity is None or self.running < capacity

    def _next(self) -> Waiter | None:
        """Choose whose turn it is, and return who waited longest under that key."""
        is_preferred = bool(self._preferred) and not (self._others and self._preferred_in_a_row >= _PREFERRED_IN_A_ROW)
        ring = self._preferred if is_preferred else self._others
        if not ring:
            return None
        self._preferred_in_a_row = self._preferred_in_a_row + 1 if is_preferred else 0
        key, _ = ring.popitem(last=False)
        line = self._lines[key]
        waiting = line.preferred if is_preferred else line.others
        assert waiting  # noqa: S101 - who waits under none of its keys is in no ring
        waiter = waiting.popleft()
        line.running += 1
        self.running += 1
        self.waiting -= 1
        self._enlist(key, line)
        return waiter

    def _enlist(self, key: Hashable, line: "_Line[Waiter]") -> None:
        """Put a key at the end of those who may have a turn, or take it out, as its line demands."""
        may_have_turn = line.running < self._limits.per_key
        for ring, waiting in ((self._preferred, line.preferred), (self._others, line.others)):
            if not (waiting and may_have_turn):
                ring.pop(key, None)
            elif key not in ring:
                ring[key] = None

    def _forget_if_empty(self, key: Hashable, line: "_Line[Waiter]") -> None:
        if not line.running and not line.waiting:
            self._lines.pop(key, None)
