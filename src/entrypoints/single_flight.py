"""Answers that many ask for at once."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Generic, TypeVar

_T = TypeVar("_T")

_TTL = 1
"""Seconds; a balancer asks no more often."""


class SingleFlight(Generic[_T]):
    """Asks once for all who ask meanwhile, and for all who ask within a second after that.

    So whoever asks for the health of the service as fast as they can keeps nobody else from the database.
    """

    def __init__(self, ask: Callable[[], Awaitable[_T]], *, clock: Callable[[], float] = monotonic) -> None:
        self._ask = ask
        self._clock = clock
        self._answer: asyncio.Task[_T] | None = None
        self._expires_at = 0.0

    async def __call__(self) -> _T:
        """Return the answer, or raise what asking raised."""
        if self._answer is None or (self._answer.done() and self._clock() >= self._expires_at):
            self._answer = asyncio.create_task(self._asked())
        return await asyncio.shield(self._answer)  # who goes away takes it from nobody

    async def _asked(self) -> _T:
        try:
            return await self._ask()
        finally:
            self._expires_at = self._clock() + _TTL
