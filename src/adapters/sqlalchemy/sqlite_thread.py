"""Connections of SQLite's driver, which blocks, each in a thread of its own, beside an event loop, which must not."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any, Generic, Protocol, cast

from adapters.sqlalchemy.database import Result


class Waiter(Protocol):
    """Whoever waits for what is done."""

    @property
    def has_left(self) -> bool:
        """Whether nobody waits any more."""
        ...


Work = Callable[[sqlite3.Connection, Waiter], Result]
"""What is done in the thread, with its connection; it can see there whether anybody still waits for it."""


class Job(Generic[Result]):
    """Something that is done in a thread, and who waits for it."""

    __slots__ = ("_has_ended", "_loop", "_wake", "has_left", "outcome", "work")

    def __init__(self, work: Work[Result]) -> None:
        self.work = work
        self._loop = asyncio.get_running_loop()
        self._has_ended = False
        self._wake: asyncio.Future[None] | None = None
        self.has_left = False
        """Whether nobody waits for the outcome any more."""
        self.outcome: asyncio.Future[Result] = self._loop.create_future()
        """The result or the error."""

    def do(self, connection: sqlite3.Connection) -> None:
        """Do it, and tell the event loop; in the thread."""
        try:
            result = self.work(connection, self)
        except BaseException as error:  # noqa: BLE001 - goes to whoever waits, whatever it is
            self.fail(error)
        else:
            self._tell(result, None)

    def fail(self, error: BaseException) -> None:
        """Tell the event loop that it cannot be done; in the thread."""
        self._tell(None, error)

    async def ended(self) -> None:
        """Wait for the end without an interest in the outcome, even if that is cancelled again and again."""
        self.has_left = True
        while not self._has_ended:
            self._wake = self._loop.create_future()
            with suppress(asyncio.CancelledError):
                await self._wake

    def _tell(self, result: Result | None, error: BaseException | None) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(self.end, result, error)

    def end(self, result: Result | None, error: BaseException | None) -> None:
        """Tell whoever waits what has come of it; in the event loop."""
        self._has_ended = True
        if self.outcome.done():
            if self._wake is not None and not self._wake.done():
                self._wake.set_result(None)
        elif error is None:
            self.outcome.set_result(cast("Result", result))
        else:
            self.outcome.set_exception(error)


class SqliteThread:
    """A connection and its thread. ``connect`` is called there for the first job, and again if it fails."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], disconnected: Callable[[], None]) -> None:
        self._connect = connect
        self._disconnected = disconnected
        self._jobs: SimpleQueue[Job[Any] | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="sqlite", daemon=True)
        self._thread.start()

    async def run(self, work: Work[Result]) -> Result:
        """Do ``work`` and wait for its end even when that is cancelled, and only then go on with the cancellation.

        A thread cannot be cancelled, and its connection serves nobody else before that is over.
        """
        job = Job(work)
        self._jobs.put(job)
        try:
            return await job.outcome
        except asyncio.CancelledError:
            if job.outcome.cancelled():  # else it has ended, or this is its own error
                await job.ended()
            raise

    async def close(self) -> None:
        """Close the connection when everything is done, and wait for that."""
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        while (job := self._jobs.get()) is not None:
            try:
                connection = connection or self._connect()
            except BaseException as error:  # noqa: BLE001 - goes to whoever waits, whatever it is
                job.fail(error)
            else:
                job.do(connection)
                if connection.in_transaction:  # it could not be rolled back
                    connection.close()
                    self._disconnected()
                    connection = None
            del job  # and what it returned, which would be kept until the next one comes
        if connection is not None:
            connection.close()
            self._disconnected()
