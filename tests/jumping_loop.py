"""An event loop on which nobody has to wait."""

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

_Result = TypeVar("_Result")


class _JumpingSelector(selectors.SelectSelector):
    """Says at once that nothing has happened, and moves a clock on by as long as it should have waited."""

    now = 1_000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now += timeout or 0
        return super().select(0)


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer as soon as there is nothing else to do.

    ``timers`` are those that were set. ``early`` is by how many seconds they come too early.
    """

    early = 0.0

    def __init__(self) -> None:
        self._clock = _JumpingSelector()
        self.timers = 0
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now

    def block(self, seconds: float) -> None:
        """Let time pass as if something kept the loop from doing anything else."""
        self._clock.now += seconds

    def call_at(self, when: float, *arguments: Any, **options: Any) -> asyncio.TimerHandle:
        self.timers += 1
        return super().call_at(when - self.early, *arguments, **options)


def run(main: Callable[[], Awaitable[_Result]], loop: JumpingLoop | None = None) -> _Result:
    """Return what a coroutine returns on a loop whose clock jumps."""

    async def whole() -> _Result:
        return await main()

    with asyncio.Runner(loop_factory=lambda: loop or JumpingLoop()) as runner:
        return runner.run(whole())
