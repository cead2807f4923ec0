"""The composition root of what serves: settings in, the application out. Operators' commands have ``operating``."""

import gc
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from litestar import Litestar
from msgspec.structs import replace

from adapters.rate_limits.memory import MemoryRateLimiter
from adapters.rate_limits.unlimited import Unlimited
from adapters.sqlalchemy.store import SqlAlchemyStore
from domain.authentication.principal_cache import PrincipalCache
from domain.rate_limits.ports import RateLimiter
from domain.zones import zone_names
from entrypoints.app import create_app
from entrypoints.connections.capacity import allowed_connections
from entrypoints.connections.guard import ConnectionGuard
from entrypoints.databases.problems import notices_of, problems_of
from entrypoints.databases.registry import database_of
from entrypoints.hashing import argon2_passwords
from entrypoints.observability.logs import configure_logs
from entrypoints.services import Notices, Services, no_notices
from entrypoints.settings import Settings
from entrypoints.signing_secret import jwt_secret
from entrypoints.single_flight import SingleFlight
from entrypoints.variables import settings_from_environment
from entrypoints.wiring import build_services
from entrypoints.workers import WORKERS, running


def application() -> Litestar:
    """Return the service as the environment describes it; what Granian calls in each worker."""
    settings = settings_from_environment()
    configure_logs(settings)
    return create_app(settings, partial(_open_served_services, settings))


@asynccontextmanager
async def _open_served_services(settings: Settings) -> AsyncGenerator[Services]:
    guard = ConnectionGuard(
        per_network=settings.max_connections_per_address,
        limit=allowed_connections(),
        user_timeout=settings.request_timeout,
        proxies=settings.trusted_proxies,
        metrics_port=settings.metrics_port,
    )
    async with open_services(settings) as opened:
        services = replace(opened, connections=guard)
        async with running(WORKERS, settings, services):
            _collect_less_garbage()
            yield services


def _collect_less_garbage() -> None:
    """Leave what start-up made out of every collection."""
    gc.collect()
    gc.freeze()


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncGenerator[Services]:
    """Connect the services to what they run on, until the block is left."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(database_of(settings).open(pool_size=settings.database_pool_size))
        passwords = argon2_passwords()
        stack.callback(passwords.close)
        await passwords.prepare()
        zone_names()  # reads files, which must not happen while requests wait
        rate_limiter, principal_cache, notices = await _shared(settings, stack)
        yield build_services(
            SqlAlchemyStore(database),
            passwords=passwords,
            secret=jwt_secret(settings),
            readiness=SingleFlight(partial(problems_of, database)),
            notices=SingleFlight(partial(notices_of, database, notices)),
            rate_limiter=rate_limiter if settings.rate_limit else Unlimited(),
            principal_cache=principal_cache,
            concurrent_requests=settings.max_concurrent_requests,
            heavy_reads=settings.database_pool_size // 2,
            pool_usage=database.pool_usage,
            quotas=settings.quotas,
        )


async def _shared(settings: Settings, stack: AsyncExitStack) -> tuple[RateLimiter, PrincipalCache, Notices]:
    """Return what counts requests, what remembers who is who, and what says whether both work as they should."""
    if settings.redis_url is None:
        return MemoryRateLimiter(), PrincipalCache(), no_notices
    from entrypoints.sharing import open_shared  # noqa: PLC0415 - the client of Redis takes long to load

    shared = await stack.enter_async_context(open_shared(settings.redis_url))
    return (
        shared.rate_limiter,
        shared.principal_cache,
        shared.rate_limiter.notices if settings.rate_limit else no_notices,
    )
