"""A clock that stands still until it is told to go on."""

from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class StandingClock:
    """Reads as a ``domain.clock.Clock``; ``advance`` is how time passes."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> datetime:
        """Move on by a ``timedelta`` and return what the clock then shows."""
        self.now += timedelta(**by)
        return self.now
