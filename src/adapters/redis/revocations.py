"""What one replica revokes, the others hear of through Redis (publish and subscribe)."""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.authentication.recent import RecentPrincipals

CHANNEL = "todo-api:revocations"

_MOST_UNSENT = 1_000
"""Announcements that are kept while Redis is slow; those beyond are found out as without Redis, in half a minute."""

_PATIENCE = 1
"""Seconds for one announcement."""

_PAUSE = 1
"""Seconds until somebody who was cut off listens again."""

_SILENCE = 10
"""Seconds without a message after which it is asked whether the connection is still there."""

_ACCOUNT_ID = re.compile(rb"[0-9]{1,19}")

_log = logging.getLogger(__name__)


@asynccontextmanager
async def shared_recent_principals(client: Redis) -> AsyncGenerator[RecentPrincipals]:
    """Yield a memory of bearer tokens that hears, until the block is left, what other replicas revoke."""
    revocations = RedisRevocations(client)
    recent = RecentPrincipals(revocations=revocations)
    tasks = [asyncio.create_task(revocations.send()), asyncio.create_task(_listen(client, recent))]
    try:
        yield recent
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class RedisRevocations:
    """Implements ``domain.authentication.ports.Revocations``."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client  # whose types leave out what is not given here
        self._unsent: asyncio.Queue[int] = asyncio.Queue(_MOST_UNSENT)

    def announce(self, account_id: int) -> None:
        """See the port."""
        if not self._unsent.full():
            self._unsent.put_nowait(account_id)

    async def send(self) -> None:
        """Send what is announced, for ever. What cannot be sent is dropped: an old revocation is news to nobody."""
        while True:
            account_id = await self._unsent.get()
            try:
                async with asyncio.timeout(_PATIENCE):
                    await self._client.publish(CHANNEL, account_id)
            except (RedisError, OSError) as error:  # TimeoutError is an OSError
                _log.info("Other replicas do not hear of a revocation at once: %s", str(error) or type(error).__name__)


async def _listen(client: Redis, recent: RecentPrincipals) -> None:
    """Drop what others revoke, for ever."""
    while True:
        try:
            await _listen_once(client, recent)
        except (RedisError, OSError) as error:
            _log.info("Revocations of other replicas are not heard at once: %s", str(error) or type(error).__name__)
        await asyncio.sleep(_PAUSE)


async def _listen_once(client: Redis, recent: RecentPrincipals) -> None:
    """Drop what others revoke until the connection fails.

    :raises TimeoutError: if there is not even an answer to a ping: the other end has vanished without a word.
    """
    is_silent = False
    pubsub: Any = client.pubsub()  # pyright: ignore[reportUnknownMemberType] - likewise
    async with pubsub:
        await pubsub.subscribe(CHANNEL)
        while True:
            message = await pubsub.get_message(timeout=_SILENCE)
            if message is None:
                if is_silent:
                    raise TimeoutError
                await pubsub.ping()
            elif message["type"] == "subscribe":
                recent.drop_all()  # nobody knows what was said before
            elif message["type"] == "message" and _ACCOUNT_ID.fullmatch(message["data"]):
                recent.drop(int(message["data"]))
            is_silent = message is None
