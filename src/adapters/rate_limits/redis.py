"""Counters in Redis or Valkey, shared by all replicas."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse

from adapters.rate_limits.counting import counter, results
from domain.rate_limits.model import Hit, Quota, RateLimitResult

PREFIX = "todo-api"
"""Of all keys, so that others can use the same Redis."""
_MILLISECONDS = 1_000
_KNOWN = 1
_NONSENSE = "What answers is not Redis"

_HIT = """
-- KEYS: the counters. ARGV: for each of them, how much it may count to, and for how many milliseconds it lives.
-- Returns whether the hit was refused, and for each counter what it stands at and how many milliseconds it has left.
-- Redis keeps the end of a window as a time of its clock: if that was set back, the window would be longer by as much.
local counts, refused = {}, 0
for i, key in ipairs(KEYS) do
    counts[i] = tonumber(redis.call('GET', key) or 0)
    if counts[i] >= tonumber(ARGV[2 * i - 1]) then
        refused = 1
    end
end
local answer = {refused}
for i, key in ipairs(KEYS) do
    if refused == 0 then
        counts[i] = redis.call('INCR', key)
        if counts[i] == 1 then
            redis.call('PEXPIRE', key, ARGV[2 * i])
        end
    end
    answer[2 * i] = counts[i]
    local left, window = redis.call('PTTL', key), tonumber(ARGV[2 * i])
    if left > window then
        redis.call('PEXPIRE', key, window)
        left = window
    end
    answer[2 * i + 1] = left
end
return answer
"""


class RedisRateLimiter:
    """Counts for everybody who uses the same Redis.

    All quotas of a request are looked at and counted by one script, so in one step and one round trip; the library
    would need three round trips for each of them. Every method raises ``redis.RedisError`` if Redis does not do its
    part, also if something else answers in its place.
    """

    def __init__(self, client: Redis, *, prefix: str = PREFIX) -> None:
        self._client: Any = client  # whose types leave out what is not given here
        self._prefix = prefix
        self._script: Any = client.register_script(_HIT)

    async def hit(self, hits: Sequence[Hit]) -> Sequence[RateLimitResult]:
        """See the port."""
        keys = [self._name(counter(quota, key)) for quota, key in hits]
        figures = [figure for quota, _ in hits for figure in (quota.amount, quota.window * _MILLISECONDS)]
        async with self._sense():
            answer: Any = await self._script(keys=keys, args=figures)
            refused, *figures = answer
            if len(figures) != 2 * len(hits) or not all(type(figure) is int for figure in answer):
                raise InvalidResponse(_NONSENSE)
            ends = [left / _MILLISECONDS for left in figures[1::2]]
            return results(hits, figures[::2], ends, is_refused=bool(refused))

    async def forget(self, quota: Quota, key: str) -> None:
        """See the port."""
        async with self._sense():
            if await self._client.delete(self._name(counter(quota, key))) not in {0, 1}:
                raise InvalidResponse(_NONSENSE)

    async def remember(self, key: str, *, seconds: int) -> None:
        """See the port."""
        async with self._sense():
            if await self._client.set(self._name(key), _KNOWN, ex=seconds) is not True:
                raise InvalidResponse(_NONSENSE)

    async def knows(self, key: str) -> bool:
        """See the port."""
        async with self._sense():
            answer: Any = await self._client.get(self._name(key))
            if answer is not None and not bytes.isdigit(answer):
                raise InvalidResponse(_NONSENSE)
            return answer is not None

    def _name(self, key: str) -> str:
        return f"{self._prefix}:{key}"

    @asynccontextmanager
    async def _sense(self) -> AsyncGenerator[None]:
        """Say so if what is answered makes no sense; the client itself may stumble over it in many ways.

        If a connection fails, those that nobody uses just now are closed, too: they lead to the same server, and would
        fail one by one when it is back.
        """
        try:
            yield
        except RedisConnectionError:
            await self._client.connection_pool.disconnect(inuse_connections=False)
            raise
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise InvalidResponse(_NONSENSE) from error
