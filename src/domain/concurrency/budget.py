"""How much of something is in use, by everybody and by each of those who share it."""

from collections.abc import Hashable, Sequence

from domain.errors import Overloaded, TooManyConcurrent

Share = tuple[Hashable, int]
"""A key, and the most that it may have of a budget."""


class Budget:
    """A number of bytes, say, of which each key may have its share and all together no more than there are.

    ``name`` says in errors what there is too much of.
    """

    def __init__(self, total: int, *, name: str) -> None:
        self._total = total
        self._name = name
        self._used: dict[Hashable, int] = {}
        self.used = 0
        """How much is in use."""

    def take(self, amount: int, shares: Sequence[Share]) -> None:
        """Take so much for all of these keys at once, or nothing.

        :raises TooManyConcurrent: if one of them would have more than its share.
        :raises Overloaded: if there is not so much left.
        """
        used = self._used
        for key, share in shares:
            if used.get(key, 0) + amount > share:
                raise TooManyConcurrent(f"Too many {self._name} of yours are under way; let them end first.")
        if self.used + amount > self._total:
            raise Overloaded(f"Too many {self._name} are under way; try again.")
        self.used += amount
        for key, _ in shares:
            used[key] = used.get(key, 0) + amount

    def release(self, amount: int, shares: Sequence[Share]) -> None:
        """Give back what was taken for these keys."""
        self.used -= amount
        for key, _ in shares:
            left = self._used[key] - amount
            if left:
                self._used[key] = left
            else:
                del self._used[key]

    def __len__(self) -> int:
        """Return how many keys have a part of it."""
        return len(self._used)
