"""Ctrl-C and SIGTERM cancel the task: what must hear of that in time, and what must not be torn in two by it."""

import asyncio
from collections.abc import Coroutine
from typing import Any


def stop_if_cancelled() -> None:
    """Give up if the task that runs this was cancelled: for long work that does not await.

    Does nothing outside of a task.

    :raises asyncio.CancelledError: so that everything is cleared away as after an ``await``.
    """
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def uninterrupted(work: Coroutine[Any, Any, None]) -> None:
    """Await the work to its end, also if this is cancelled meanwhile; the cancellation is raised afterwards."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise
