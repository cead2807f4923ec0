"""What one replica revokes, the others hear of through Redis (publish and subscribe)."""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.authentication.principal_cache import PrincipalCache

CHANNEL = "todo-api:revocations"

_MAX_UNSENT = 1_000
"""Announcements that are kept while Redis is slow; those beyond are found out as without Redis, in half a minute."""

_PATIENCE = 0.25
"""Seconds that whoever revokes something waits until it is announced: a hundred times what Redis takes."""

_TIMEOUT = 1
"""Seconds for one announcement, and for beginning to listen."""

_RECONNECT_DELAY = 1
"""Seconds until somebody who was cut off listens again."""

_PING_INTERVAL = 10
"""Seconds without a message after which it is asked whether the connection is still there."""

_ACCOUNT_ID = re.compile(rb"[0-9]{1,19}")
_EVERYBODY = b"all"

_log = logging.getLogger(__name__)


@asynccontextmanager
async def shared_principal_cache(client: Redis) -> AsyncGenerator[PrincipalCache]:
    """Yield a memory of bearer tokens that hears, until the block is left, what other replicas revoke."""
    revocations = RedisRevocations(client)
    principal_cache = PrincipalCache(revocations=revocations)
    tasks = [asyncio.create_task(revocations.send()), asyncio.create_task(_Listener(client, principal_cache).listen())]
    try:
        yield principal_cache
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class RedisRevocations:
    """Implements ``domain.authentication.ports.Revocations``."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client  # whose types leave out what is not given here
        self._unsent: asyncio.Queue[tuple[int, asyncio.Event]] = asyncio.Queue(_MAX_UNSENT)

    async def announce(self, account_id: int) -> None:
        """See the port."""
        if self._unsent.full():
            return
        is_said = asyncio.Event()
        self._unsent.put_nowait((account_id, is_said))
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await is_said.wait()

    async def broadcast(self, account_id: int | None) -> bool:
        """See the port."""
        try:
            async with asyncio.timeout(_TIMEOUT):
                await self._client.publish(CHANNEL, _EVERYBODY if account_id is None else account_id)
        except Exception as error:  # noqa: BLE001 - the next one may get through, whatever befell this one
            _log.info("Other replicas do not hear of a revocation at once: %s", str(error) or type(error).__name__)
            return False
        return True

    async def send(self) -> None:
        """Send what is announced, for ever. What cannot be sent is dropped: an old revocation is news to nobody."""
        while True:
            account_id, is_said = await self._unsent.get()
            await self.broadcast(account_id)
            is_said.set()


class _Listener:
    """Drops what others revoke."""

    def __init__(self, client: Redis, principal_cache: PrincipalCache) -> None:
        self._client: Any = client  # likewise
        self._principal_cache = principal_cache
        self._is_lost = False

    async def listen(self) -> None:
        """Listen for ever, whatever happens."""
        while True:
            try:
                await self._listen_once()
            except (RedisError, OSError) as error:
                self._record_failure(error)
            except Exception as error:  # noqa: BLE001 - who does not listen any more would not be missed by anybody
                self._record_failure(error, level=logging.ERROR)
            await asyncio.sleep(_RECONNECT_DELAY)

    async def _listen_once(self) -> None:
        """Listen until the connection fails.

        :raises TimeoutError: if there is not even an answer to a ping: the other end has vanished without a word.
        """
        is_silent = False
        async with self._client.pubsub() as pubsub:
            async with asyncio.timeout(_TIMEOUT):
                await pubsub.subscribe(CHANNEL)
            while True:
                message = await pubsub.get_message(timeout=_PING_INTERVAL)
                if message is None:
                    if is_silent:
                        raise TimeoutError
                    await pubsub.ping()
                elif message["type"] == "subscribe":
                    self._record_success()
                elif message["type"] == "message" and _ACCOUNT_ID.fullmatch(message["data"]):
                    self._principal_cache.evict(int(message["data"]))
                elif message["type"] == "message" and message["data"] == _EVERYBODY:
                    self._principal_cache.evict_all()
                is_silent = message is None

    def _record_failure(self, error: Exception, *, level: int = logging.INFO) -> None:
        if not self._is_lost:
            reason = str(error) or type(error).__name__
            traceback = error if level >= logging.ERROR else None
            _log.log(level, "Revocations of other replicas are not heard at once: %s", reason, exc_info=traceback)
        self._is_lost = True

    def _record_success(self) -> None:
        self._principal_cache.evict_all()  # nobody knows what was said before
        if self._is_lost:
            _log.info("Revocations of other replicas are heard at once again")
        self._is_lost = False
