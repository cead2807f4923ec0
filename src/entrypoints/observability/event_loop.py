"""How late an event loop is: while it does one thing, all else that is due has to wait."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

_INTERVAL = 0.1
"""Seconds between two looks. What blocks the loop for longer is seen in full but for so much, and always."""

_WINDOW = 600
"""Looks that count: those of a minute, so that whoever asks once a minute misses nothing."""


class EventLoopLag:
    """Measures how much later than it is due something is called. ``monotonic`` is a clock that nobody sets."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        # Not the clock of the loop, which may stand still while the loop is busy.
        self._monotonic = monotonic
        self._lags: deque[float] = deque(maxlen=_WINDOW)

    @property
    def largest(self) -> float:
        """The most seconds within the last minute. A loop that is blocked is told of when it goes on."""
        return max(self._lags, default=0.0)

    async def watch(self) -> None:
        """Look at the running loop every now and then, for ever."""
        while True:
            due = self._monotonic() + _INTERVAL
            await asyncio.sleep(_INTERVAL)
            self._lags.append(max(self._monotonic() - due, 0.0))  # loops round times, also down
