"""What runs beside the requests, in each process that serves."""

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from entrypoints.services import Services
from entrypoints.settings import Settings

Worker = Callable[[Settings, Services], AbstractAsyncContextManager[None]]
"""Begins its work when the block is entered, before the first request, and has ended it when the block is left."""


def guard_connections(settings: Settings, services: Services) -> AbstractAsyncContextManager[None]:
    """Close connections of clients that are too many."""
    del settings
    return services.connections.running()


WORKERS: tuple[Worker, ...] = (guard_connections,)


@asynccontextmanager
async def running(workers: Iterable[Worker], settings: Settings, services: Services) -> AsyncGenerator[None]:
    """Let the workers work until the block is left; the last one that began ends first."""
    async with AsyncExitStack() as stack:
        for worker in workers:
            await stack.enter_async_context(worker(settings, services))
        yield
