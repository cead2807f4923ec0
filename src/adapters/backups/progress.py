"""How far long work has come, for people who wait for it."""

from typing import Protocol


class Progress(Protocol):
    """Hears of each step of the work, and how far it has come. It must not raise."""

    def begin(self, step: str, total: int | None = None) -> None:
        """Begin a step, which ends the one before; ``total`` is its size in any unit, if it is known."""
        ...

    def advance(self, amount: int) -> None:
        """Have done so much more of the step."""
        ...


class Unwatched:
    """Implements ``Progress`` where nobody waits."""

    def begin(self, step: str, total: int | None = None) -> None:
        """Do nothing."""

    def advance(self, amount: int) -> None:
        """Do nothing."""
