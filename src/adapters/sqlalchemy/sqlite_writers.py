"""Changes of an SQLite file: they wait in one queue, and all that wait are made in one transaction (group commit).

SQLite lets one transaction at a time write, and each waits for the disk. What many change at once waits for it once.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct

from adapters.sqlalchemy.database import BUSY, OVERRUN, Result, Unavailable
from adapters.sqlalchemy.sqlite_files import FILES_CHANGED, DatabaseFiles
from adapters.sqlalchemy.sqlite_statements import raise_translated
from adapters.sqlalchemy.sqlite_thread import Job, Waiter, Work

MAX_GROUP = 100
"""Changes in one transaction: for so long other processes wait."""


class Writers:
    """Whoever changes something; each is told of its outcome when that is on the disk.

    ``do`` does something with a connection, in its thread. ``acquire_timeout`` is how many seconds one waits for a
    turn, and ``is_full`` tells whether too many do, in front of whom there are as many as it is called with.
    """

    def __init__(
        self,
        do: "Callable[[Work[list[_Outcome]]], Awaitable[list[_Outcome]]]",
        files: DatabaseFiles,
        *,
        acquire_timeout: float,
        is_full: Callable[[int], bool],
    ) -> None:
        self._do = do
        self._files = files
        self._acquire_timeout = acquire_timeout
        self._is_full = is_full
        self._waiting: deque[Job[Any]] = deque()
        self._committing: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    async def write(self, work: Work[Result]) -> Result:
        """Do the work in a transaction, in the order of requests.

        Whoever gives up while it waits changes nothing.

        :raises Unavailable: if it is not its turn in time, or too many wait.
        """
        if self._is_full(self.waiting):
            raise Unavailable(OVERRUN)
        job = Job(work)
        self._waiting.append(job)
        timer = None
        if self._committing is None or self._committing.done():
            self._committing = asyncio.create_task(self._commit_all())
        else:
            timer = asyncio.get_running_loop().call_later(self._acquire_timeout, self._refuse, job)
        try:
            return await job.outcome
        except asyncio.CancelledError:
            if job.outcome.cancelled() and not self._forget(job):
                await job.ended()
            raise
        finally:
            if timer is not None:
                timer.cancel()

    async def ended(self) -> None:
        """Wait until everything is done."""
        if self._committing is not None:
            await self._committing

    async def _commit_all(self) -> None:
        """Make what waits, and what comes meanwhile."""
        while self._waiting:
            try:
                outcomes = await self._do(self._commit_group)
            except Exception as error:  # noqa: BLE001 - there is no connection: whoever waits for one is told
                outcomes = [_Outcome(job, error=error) for job in self._next_group()]
            for outcome in outcomes:
                outcome.job.end(outcome.result, outcome.error)

    def _commit_group(self, connection: sqlite3.Connection, _: Waiter) -> "list[_Outcome]":
        """Make what waits in one transaction, or if that fails each in one of its own; in the thread."""
        group = self._next_group()
        outcomes = _committed(group, connection, self._files)
        if outcomes is None:
            return [outcome for job in group for outcome in _committed([job], connection, self._files) or ()]
        return outcomes

    def _next_group(self) -> list[Job[Any]]:
        group: list[Job[Any]] = []
        while self._waiting and len(group) < MAX_GROUP:
            group.append(self._waiting.popleft())
        return group

    def _refuse(self, job: Job[Any]) -> None:
        if self._forget(job):
            job.end(None, Unavailable(BUSY))

    def _forget(self, job: Job[Any]) -> bool:
        """Return whether it was not its turn yet; it will not be, then."""
        try:
            self._waiting.remove(job)
        except ValueError:
            return False
        return True


class _Outcome(Struct):
    job: Job[Any]
    result: Any = None
    error: BaseException | None = None


def _committed(group: list[Job[Any]], connection: sqlite3.Connection, files: DatabaseFiles) -> list[_Outcome] | None:
    """Return what came of each, committed in one transaction; nothing if one of several spoiled it for the others.

    The file is looked at before and after that: what is written has to be found again.
    """
    try:
        files.require_unchanged()
        _execute(connection, "BEGIN IMMEDIATE")
        outcomes = [_attempted(job, connection) for job in group]
        _execute(connection, "COMMIT")
    except BaseException as error:  # noqa: BLE001 - goes to whoever waits, whatever it is
        if connection.in_transaction:
            connection.rollback()
        return [_Outcome(job, error=error) for job in group] if len(group) == 1 else None
    return outcomes if files.are_unchanged() else [_Outcome(job, error=Unavailable(FILES_CHANGED)) for job in group]


def _attempted(job: Job[Any], connection: sqlite3.Connection) -> _Outcome:
    """Do one of several in a transaction, so that its error or its end undoes nothing of the others.

    :raises BaseException: if it has undone the whole transaction.
    """
    outcome = _Outcome(job)
    if job.has_left:
        return outcome
    _execute(connection, "SAVEPOINT change")
    try:
        outcome.result = job.work(connection, job)
    except BaseException as error:
        if not connection.in_transaction:
            raise
        outcome.error = error
    if job.has_left or outcome.error is not None:
        _execute(connection, "ROLLBACK TO change")
    _execute(connection, "RELEASE change")
    return outcome


def _execute(connection: sqlite3.Connection, statement: str) -> None:
    try:
        connection.execute(statement)
    except sqlite3.Error as error:
        raise_translated(error)
