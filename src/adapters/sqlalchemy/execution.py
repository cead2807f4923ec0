"""One statement on its way through SQLAlchemy's engine: it ends, or is stopped, before anybody goes on."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Generic, TypeVar, cast

from msgspec import Struct
from sqlalchemy import CursorResult
from sqlalchemy.exc import DatabaseError
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.sqlalchemy.database import TOO_EXPENSIVE, QueryTooExpensive, Statement

_STOPPED_AGAIN_AFTER = 0.05
"""Seconds. A statement that has not begun yet when it is stopped does not notice."""

Result = TypeVar("Result")
Read = Callable[[CursorResult[Any]], Result]
"""What is to be known of a statement that was executed."""


class Dialect(Struct, frozen=True, kw_only=True):
    """What a kind of database does in its own way."""

    name: str
    """What SQLAlchemy calls it."""

    begin: str
    """The statement that begins a transaction which is going to write."""

    translate: Callable[[DatabaseError], Exception | None]
    """Returns the error that ``Connection`` promises for one of the driver's, if this kind of database knows it."""

    interrupt: Callable[[Any], Awaitable[None]]
    """Stops what a connection of the driver is executing."""


class Execution(Generic[Result]):
    """A statement on its way. If it has a timeout it is stopped then, or as soon as nobody waits for it."""

    __slots__ = ("_dialect", "_driver", "_read", "_values", "statement")

    def __init__(
        self, statement: Statement, values: dict[str, object], *, read: Read[Result], dialect: Dialect
    ) -> None:
        self.statement = statement
        self._values = values
        self._read = read
        self._dialect = dialect
        self._driver: Any = None

    async def on(self, connection: AsyncConnection) -> Result:
        """Execute the statement."""
        if self.statement.timeout is not None:
            self._driver = cast("Any", connection.sync_connection).connection.driver_connection
        try:
            return self._read(await connection.execute(self.statement.on(self._dialect.name), self._values))
        finally:
            self._driver = None

    async def ended(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Wait for the work of which this is a part.

        :raises QueryTooExpensive: if the time is up.
        """
        if self.statement.timeout is None:
            return await to_its_end(work)
        try:
            async with asyncio.timeout(self.statement.timeout):
                return await to_its_end(work, stop=self._stop)
        except TimeoutError as error:
            raise QueryTooExpensive(TOO_EXPENSIVE) from error

    async def _stop(self) -> None:
        if self._driver is not None:
            await self._dialect.interrupt(self._driver)


async def to_its_end(work: Coroutine[Any, Any, Result], *, stop: Callable[[], Awaitable[None]] | None = None) -> Result:
    """Wait for the work even when that is cancelled, and only then go on with the cancellation.

    A thread cannot be cancelled. A statement that nobody waits for is executed all the same, when the lock is free,
    but its rows are not fetched: it never ends, and nobody else can write as long as its connection is there.
    ``stop`` lets the work end early.
    """
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError as cancellation:
        while not task.done():
            if stop is not None:
                await stop()
            try:
                await asyncio.wait((task,), timeout=None if stop is None else _STOPPED_AGAIN_AFTER)
            except asyncio.CancelledError:
                continue
        if not task.cancelled() and (error := task.exception()) is not None:
            raise cancellation from error
        raise
