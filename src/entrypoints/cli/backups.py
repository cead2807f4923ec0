"""What the commands for backups have in common."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Any, TypeVar

from entrypoints.cli.support import explained_errors, run_or_explain

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from entrypoints.cli.progress import TerminalProgress
    from entrypoints.operating import Backups
    from entrypoints.settings import Settings

_TOLD_TO_STOP = (signal.SIGTERM, signal.SIGHUP)
"""By whoever runs this, or because the terminal is gone."""

_KILLED = 128
"""What a shell adds to the number of a signal, for a process that it has ended."""

Result = TypeVar("Result")


def backups_or_exit(settings: Settings, progress: TerminalProgress) -> Backups:
    """Return how the database is backed up, or say what is wrong with the keys and stop."""
    from entrypoints.operating import backups_of

    with explained_errors():
        return backups_of(settings, progress)


def run_until_told_to_stop(work: Coroutine[Any, Any, Result], progress: TerminalProgress) -> Result:
    """Run it to its end, and clear everything away on SIGTERM and SIGHUP as on Ctrl-C."""
    import asyncio

    heard: list[int] = []

    async def cancelled_by_signals() -> Result:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in a task

        # Not a handler of the loop: like asyncio's own for Ctrl-C, it has to come between the steps of work that does
        # not await, too.
        def cancel(number: int, _: object) -> None:
            heard.append(number)
            task.cancel()
            loop.call_soon_threadsafe(lambda: None)  # wakes it up

        before = {number: signal.getsignal(number) for number in _TOLD_TO_STOP}
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:  # as under nohup
                signal.signal(number, cancel)
        try:
            return await work
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    try:
        return run_or_explain(cancelled_by_signals())
    except asyncio.CancelledError:
        sys.exit(_KILLED + heard[0])
    finally:
        progress.close()


def amounts(rows: dict[str, int]) -> str:
    """Return how many rows there are in which table, for people."""
    return f"rows: {', '.join(f'{table} {number:,}' for table, number in rows.items())}" if rows else "no rows"
