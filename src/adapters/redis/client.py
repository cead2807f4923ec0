"""Connections to Redis or Valkey."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

_MAX_CONNECTIONS = 50
"""Of one process. Each is free again after less than a millisecond; whoever has to wait for one still has it soon."""

_ACQUIRE_TIMEOUT = 1
"""Seconds for a free connection, and for a new one to be made."""


@asynccontextmanager
async def open_redis(url: str) -> AsyncGenerator[Redis]:
    """Yield a client of the server at a URL (redis, rediss or unix), and close its connections in the end.

    No connection is made before one is needed, so a server that is not there is no error yet. Nothing is tried twice:
    whoever asks knows better what to do when there is no answer, and for how long to wait for one. The client's own
    limit would only be in the way: under Python 3.11 it can swallow the cancellation that a shorter one sends.
    """
    pool = BlockingConnectionPool.from_url(  # pyright: ignore[reportUnknownMemberType] - of options not given here
        url,
        max_connections=_MAX_CONNECTIONS,
        timeout=_ACQUIRE_TIMEOUT,
        socket_connect_timeout=_ACQUIRE_TIMEOUT,
        socket_timeout=None,
        retry=Retry(NoBackoff(), 0),
    )
    async with Redis.from_pool(pool) as client:
        yield client
