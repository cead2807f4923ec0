"""What is worth saying once in a while, however often it happens."""

import time
from collections.abc import Callable, Hashable


class Throttle:
    """Tells whether something of a kind is due, at most once in so many seconds; the kinds do not affect each other."""

    def __init__(self, *, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._monotonic = monotonic
        self._quiet_until: dict[Hashable, float] = {}

    def is_due(self, kind: Hashable) -> bool:
        """Tell whether it is time for this kind again, and if so begin its pause."""
        now = self._monotonic()
        if now < self._quiet_until.get(kind, now):
            return False
        self._quiet_until = {other: until for other, until in self._quiet_until.items() if now < until}
        self._quiet_until[kind] = now + self._seconds
        return True
