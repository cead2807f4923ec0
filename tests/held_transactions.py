"""Transactions that stay open for as long as a test wants them to."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from adapters.sqlalchemy.database import Connection, Database


async def nothing(_: Connection) -> None:
    """Do nothing in a transaction."""


@asynccontextmanager
async def held_transaction(
    database: Database, work: Callable[[Connection], Awaitable[object]] = nothing
) -> AsyncGenerator[None]:
    """Do ``work`` in a transaction, and commit it when the block is left.

    On SQLite that keeps the thread of a connection, on other databases a task.
    """
    loop = asyncio.get_running_loop()
    begun, left_by_loop, left = asyncio.Event(), asyncio.Event(), threading.Event()

    async def work_and_wait(connection: Connection) -> None:
        await work(connection)
        loop.call_soon_threadsafe(begun.set)
        if threading.current_thread() is threading.main_thread():
            await left_by_loop.wait()
        else:
            left.wait()

    holding = asyncio.create_task(database.transaction(work_and_wait))
    beginning = asyncio.create_task(begun.wait())
    await asyncio.wait((holding, beginning), return_when=asyncio.FIRST_COMPLETED)
    beginning.cancel()
    try:
        yield
    finally:
        left_by_loop.set()
        left.set()
        await holding
