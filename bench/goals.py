"""How much less CPU than others this service is to take, and whether it does."""

from collections.abc import Sequence

from msgspec import Struct

from bench.names import BARE, IN_WORDS, OURS, TUTORIAL
from bench.report import Comparison


class Goal(Struct, frozen=True):
    """A bound of a ratio: how many times the CPU of one contender another takes."""

    operation: str
    name: str
    other: str
    found: float
    bound: float
    is_at_most: bool = False

    @property
    def is_met(self) -> bool:
        """Tell whether the ratio keeps to the bound."""
        return self.found <= self.bound if self.is_at_most else self.found >= self.bound

    def __str__(self) -> str:
        verdict = "met" if self.is_met else "NOT met"
        which = "at most" if self.is_at_most else "at least"
        ratio = f"CPU of {IN_WORDS[self.name]} to that of {IN_WORDS[self.other]} is {self.found:.2f}"
        return f"{self.operation}: {ratio}, {which} {self.bound:g} is {verdict}."


def goals(
    comparisons: Sequence[Comparison], *, bare_at_most: Sequence[float], tutorial_at_least: Sequence[float] = ()
) -> list[Goal]:
    """Return the goals of contenders that are there; there is a bound for each operation, or none at all."""
    return [
        *(
            Goal(comparison.operation, TUTORIAL, OURS, comparison.to_ours[TUTORIAL], bound)
            for comparison, bound in zip(comparisons, tutorial_at_least, strict=False)
            if TUTORIAL in comparison.to_ours
        ),
        *(
            Goal(comparison.operation, OURS, BARE, comparison.to_bare[OURS], bound, is_at_most=True)
            for comparison, bound in zip(comparisons, bare_at_most, strict=True)
            if OURS in comparison.to_bare
        ),
    ]
