"""What replicas share through Redis. Its client takes long to load: this is imported only where there is a Redis."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from msgspec import Struct

from adapters.rate_limits.failover import FailoverRateLimiter
from adapters.rate_limits.memory import MemoryRateLimiter
from adapters.rate_limits.redis import RedisRateLimiter
from adapters.redis.client import open_redis
from adapters.redis.revocations import RedisRevocations, shared_principal_cache
from domain.authentication.ports import Revocations
from domain.authentication.principal_cache import PrincipalCache


class Shared(Struct, frozen=True, kw_only=True):
    """Counts requests together with other replicas, and hears of what they revoke."""

    rate_limiter: FailoverRateLimiter
    principal_cache: PrincipalCache


@asynccontextmanager
async def open_shared(redis_url: str) -> AsyncGenerator[Shared]:
    """Connect to the other replicas, until the block is left."""
    async with open_redis(redis_url) as redis, shared_principal_cache(redis) as principal_cache:
        limiter = FailoverRateLimiter(shared=RedisRateLimiter(redis), local=MemoryRateLimiter())
        yield Shared(rate_limiter=limiter, principal_cache=principal_cache)


@asynccontextmanager
async def open_revocations(redis_url: str) -> AsyncGenerator[Revocations]:
    """Connect to what tells all replicas of a revocation, until the block is left."""
    async with open_redis(redis_url) as redis:
        yield RedisRevocations(redis)
