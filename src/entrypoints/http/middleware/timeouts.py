"""Timeouts of the same length for many tasks, on one timer of the event loop.

``asyncio.timeout`` sets a timer and takes it back, every time, and nearly no timer comes to its end. Of timeouts that
are equally long, the one that began first ends first. So they stand in a queue, and a timer is set for its head alone.
It is not taken back when that one is done: it looks at who is the head by then.
"""

import asyncio
from contextvars import Context
from itertools import takewhile
from types import TracebackType
from typing import Any, Self


class Timeouts:
    """Makes timeouts that last so many seconds each.

    There is a queue for each event loop. Only the last one is kept here: others are kept by their loops and by the
    timeouts that stand in them, and so go with them.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._queue: _Queue | None = None

    def timeout(self) -> "Timeout":
        """Return what gives a block this much time, once; the block belongs to one task."""
        return Timeout(self)

    def queue(self) -> "_Queue":
        """Return the queue of the running event loop."""
        loop, queue = asyncio.get_running_loop(), self._queue
        if queue is None or queue.loop is not loop:
            queue = self._queue = _Queue(loop, self.seconds)
        return queue


class Timeout:
    """Does what ``asyncio.timeout`` does: cancels what takes too long, and makes a ``TimeoutError`` of that.

    A cancellation that comes from elsewhere stays one, even if it comes at the same moment. ``when`` is the end, by the
    clock of the event loop.
    """

    __slots__ = ("_cancelling", "_queue", "_task", "_timeouts", "has_expired", "when")

    _cancelling: int
    _queue: "_Queue"
    _task: "asyncio.Task[Any]"
    when: float

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self.has_expired = False

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("Only a task can be given a timeout.")
        self._task = task
        self._cancelling = task.cancelling()
        self._queue = self._timeouts.queue()
        self.when = self._queue.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self.has_expired:
            self._queue.remove(self)
        # Of several who have cancelled the task, only the last to take that back may turn it into something else.
        elif self._task.uncancel() <= self._cancelling and isinstance(error, asyncio.CancelledError):
            raise TimeoutError from error

    def expire(self) -> None:
        """Cancel the task: its time is up."""
        self._task.cancel()
        self.has_expired = True


class _Queue:
    """The timeouts of one event loop, in the order of their end. Whoever is done leaves it, wherever they stand."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self.loop = loop
        self._seconds = seconds
        self._waiting: dict[Timeout, None] = {}
        self._is_timer_set = False

    def add(self, timeout: Timeout) -> float:
        """Put a timeout at the end, and return when its time is up."""
        when = self.loop.time() + self._seconds
        self._waiting[timeout] = None
        if not self._is_timer_set:
            self._set_timer(when)
        return when

    def remove(self, timeout: Timeout) -> None:
        """Forget a timeout that has not expired."""
        del self._waiting[timeout]

    def _set_timer(self, when: float) -> None:
        # In no context: that of the request at hand would be kept until then.
        self.loop.call_at(when, self._expire, when, context=Context())
        self._is_timer_set = True

    def _expire(self, when: float) -> None:
        """Let those expire whose time is up, and set the timer for the next one."""
        now = max(when, self.loop.time())  # the timer may come early, by as much as the loop rounds times
        due = list(takewhile(lambda timeout: timeout.when <= now, self._waiting))
        for timeout in due:
            del self._waiting[timeout]
        self._is_timer_set = False
        head = next(iter(self._waiting), None)
        if head is not None:
            self._set_timer(head.when)
        for timeout in due:
            timeout.expire()
