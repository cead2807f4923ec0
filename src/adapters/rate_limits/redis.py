"""Counters in Redis or Valkey, shared by all replicas."""

from collections.abc import Sequence
from typing import Any, cast

from limits.aio.storage import RedisStorage
from redis.asyncio import Redis

from adapters.rate_limits.counting import StorageRateLimiter, counter, verdicts
from domain.rate_limits.model import Hit, Verdict

PREFIX = "todo-api"
"""Of all keys, so that others can use the same Redis."""
_MILLISECONDS = 1_000

_HIT = """
-- KEYS: the counters. ARGV: for each of them, how much it may count to, and for how many milliseconds it lives.
-- Returns whether the hit was refused, and for each counter what it stands at and how many milliseconds it has left.
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
    answer[2 * i + 1] = redis.call('PTTL', key)
end
return answer
"""


class RedisRateLimiter(StorageRateLimiter):
    """Counts for everybody who uses the same Redis.

    All quotas of a request are looked at and counted by one script, so in one step and one round trip; the library
    would need three round trips for each of them. Every method raises ``redis.RedisError`` if Redis does not do its
    part.
    """

    def __init__(self, client: Redis, *, prefix: str = PREFIX) -> None:
        super().__init__(
            RedisStorage(
                "async+redis://",
                implementation="redispy",
                key_prefix=prefix,
                connection_pool=cast("Any", client.connection_pool),
            )
        )
        self._prefix = prefix
        self._script = client.register_script(_HIT)

    async def hit(self, hits: Sequence[Hit]) -> Sequence[Verdict]:
        """See the port."""
        answer = cast(
            "list[int]",
            await self._script(
                keys=[f"{self._prefix}:{counter(quota, key)}" for quota, key in hits],
                args=[figure for quota, _ in hits for figure in (quota.amount, quota.window * _MILLISECONDS)],
            ),
        )
        ends = [left / _MILLISECONDS for left in answer[2::2]]
        return verdicts(hits, answer[1::2], ends, is_refused=bool(answer[0]))
