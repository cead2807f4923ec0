"""Changes of an SQLite file: they wait in one queue, and all that wait are made in one transaction (group commit).

SQLite lets one transaction at a time write, and each waits for the disk. What many change at once waits for it once.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context
from typing import Any

from msgspec import Struct

from adapters.sqlalchemy.database import BUSY, OVERRUN, Health, Result, Unavailable
from adapters.sqlalchemy.sqlite_files import FILES_CHANGED, DatabaseFiles
from adapters.sqlalchemy.sqlite_statements import raise_translated
from adapters.sqlalchemy.sqlite_thread import Job, Waiter, Work

MAX_GROUP = 100
"""Changes in one transaction: for so long other processes wait."""


class Writers:
    """Whoever changes something; each is told of its outcome when that is on the disk.

    ``do`` does something with a connection, in its thread. ``health`` hears of what changes, and of what cannot be.
    ``acquire_timeout`` is how many seconds one waits for a turn, and ``is_full`` tells whether too many do, in front of
    whom there are as many as it is called with.
    """

    def __init__(
        self,
        do: Callable[[Work[None]], Awaitable[None]],
        files: DatabaseFiles,
        health: Health,
        *,
        acquire_timeout: float,
        is_full: Callable[[int], bool],
    ) -> None:
        self._do = do
        self._files = files
        self._health = health
        self._acquire_timeout = acquire_timeout
        self._is_full = is_full
        self._waiting: deque[Job[Any]] = deque()
        self._outcomes: list[_Outcome] = []
        self._committing: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    async def write(self, work: Work[Result]) -> Result:
        """Do the work in a transaction, in the order of requests.

        It is done once more if another one spoils the transaction that both are in. Whoever gives up while it waits
        changes nothing.

        :raises Unavailable: if it is not its turn in time, or too many wait.
        """
        if self._is_full(self.waiting):
            raise Unavailable(OVERRUN)
        job = Job(work)
        self._waiting.append(job)
        timer = None
        if self._committing is None or self._committing.done():
            # In no context: that of this request would be kept until the next one.
            self._committing = asyncio.create_task(self._commit_all(), context=Context())
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
        """Wait until everything is done; whoever gives that up stops nothing."""
        if self._committing is not None:
            await asyncio.wait((self._committing,))

    async def _commit_all(self) -> None:
        """Make what waits, and what comes meanwhile."""
        while self._waiting:
            try:
                await self._do(self._commit_group)
            except Exception as error:  # noqa: BLE001 - there is no connection: whoever waits for one is told
                self._outcomes += [_Outcome(job, error=error) for job in self._next_group()]
            finally:
                self._tell()

    def _commit_group(self, connection: sqlite3.Connection, _: Waiter) -> None:
        """Make what waits in one transaction; in the thread."""
        group = self._next_group()
        try:
            self._outcomes += _made(group, connection, self._files)
        except BaseException as error:  # noqa: BLE001 - goes to whoever waits, whatever it is
            self._outcomes += [_Outcome(job, error=error) for job in group]

    def _tell(self) -> None:
        """Tell everybody whose turn it was what has come of it; the connection is free again by then."""
        outcomes, self._outcomes = self._outcomes, []
        for outcome in outcomes:
            if isinstance(outcome.error, Unavailable):
                self._health.met(outcome.error)
            elif outcome.has_changed and not _is_to_be_undone(outcome):
                self._health.has_written()
            outcome.job.end(outcome.result, outcome.error)

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
    has_begun: bool = True
    has_changed: bool = False


def _made(group: list[Job[Any]], connection: sqlite3.Connection, files: DatabaseFiles) -> list[_Outcome]:
    """Return what came of each, committed in one transaction.

    The file is looked at before and after that: what is written has to be found again. There are no savepoints, for
    which SQLite opens a file somewhere else: whatever fails after it has changed something undoes all of them, and each
    is made by itself then.
    """
    try:
        files.require_unchanged()
        _execute(connection, "BEGIN IMMEDIATE")
    except BaseException as error:  # noqa: BLE001 - goes to whoever waits, whatever it is
        return [_Outcome(job, error=error, has_begun=False) for job in group]
    outcomes: list[_Outcome] = []
    for job in group:
        outcomes.append(_attempted(job, connection))
        if not connection.in_transaction or (_is_to_be_undone(outcomes[-1]) and outcomes[-1].has_changed):
            _roll_back(connection)
            return _made_one_by_one(group, connection, files) if len(group) > 1 else outcomes
    try:
        _execute(connection, "COMMIT")
    except BaseException as error:  # noqa: BLE001 - see above
        _roll_back(connection)
        return _made_one_by_one(group, connection, files) if len(group) > 1 else [_Outcome(group[0], error=error)]
    return outcomes if files.are_unchanged() else [_Outcome(job, error=Unavailable(FILES_CHANGED)) for job in group]


def _made_one_by_one(group: list[Job[Any]], connection: sqlite3.Connection, files: DatabaseFiles) -> list[_Outcome]:
    """Return what came of each, with a transaction for each; if one cannot begin, those behind it do not try to."""
    outcomes: list[_Outcome] = []
    for place, job in enumerate(group):
        (outcome,) = _made([job], connection, files)
        outcomes.append(outcome)
        if not outcome.has_begun:
            return outcomes + [_Outcome(later, error=outcome.error) for later in group[place + 1 :]]
    return outcomes


def _attempted(job: Job[Any], connection: sqlite3.Connection) -> _Outcome:
    """Do one of several in a transaction, unless nobody waits for it any more."""
    outcome, changes = _Outcome(job), connection.total_changes
    if job.has_left:
        return outcome
    try:
        outcome.result = job.work(connection, job)
    except BaseException as error:  # noqa: BLE001 - goes to whoever waits, whatever it is
        outcome.error = error
    if outcome.error is None and not connection.in_transaction:
        outcome.error = Unavailable("The database has given the transaction up.")
    outcome.has_changed = connection.total_changes != changes
    return outcome


def _is_to_be_undone(outcome: _Outcome) -> bool:
    return outcome.error is not None or outcome.job.has_left


def _roll_back(connection: sqlite3.Connection) -> None:
    """Undo everything; if that fails, the thread gives the connection up."""
    if connection.in_transaction:
        with suppress(sqlite3.Error):
            connection.rollback()


def _execute(connection: sqlite3.Connection, statement: str) -> None:
    try:
        connection.execute(statement)
    except sqlite3.Error as error:
        raise_translated(error)
