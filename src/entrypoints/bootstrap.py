"""The composition root: settings in, services out. The only module that knows which adapters there are."""

import asyncio
import logging
import os
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial

from dotenv import dotenv_values
from litestar import Litestar
from msgspec.structs import replace
from redis.asyncio import Redis

from adapters.backups.directory import backups_in
from adapters.backups.encryption import Keys
from adapters.backups.postgresql import PostgresqlServerDatabase
from adapters.backups.service import Backups
from adapters.backups.sqlite import SqliteFile
from adapters.concurrency.caller_limiter import CallerConcurrencyLimiter
from adapters.concurrency.limiter import FairConcurrencyLimiter
from adapters.rate_limits.failover import FailoverRateLimiter
from adapters.rate_limits.memory import MemoryRateLimiter
from adapters.rate_limits.redis import RedisRateLimiter
from adapters.rate_limits.unlimited import Unlimited
from adapters.redis.client import open_redis
from adapters.redis.revocations import RedisRevocations, shared_principal_cache
from adapters.security.access_tokens import JwtAccessTokens
from adapters.security.common_passwords import common_passwords
from adapters.security.passwords import Argon2Passwords
from adapters.security.secrets import HmacSecrets
from adapters.sqlalchemy.database import Database
from adapters.sqlalchemy.migrate_postgresql import migrate_postgresql
from adapters.sqlalchemy.migrate_sqlite import migrate_sqlite
from adapters.sqlalchemy.postgresql import open_postgresql
from adapters.sqlalchemy.revisions import current_revision, newest_revision
from adapters.sqlalchemy.sqlite import open_sqlite
from adapters.sqlalchemy.store import SqlAlchemyStore
from domain.accounts.ports import Passwords
from domain.accounts.service import AccountService
from domain.api_tokens.service import ApiTokenService
from domain.authentication.principal_cache import PrincipalCache
from domain.authentication.revocation import RevocationService
from domain.authentication.service import Authenticator
from domain.backups.retention import newest_verified
from domain.clock import Clock
from domain.concurrency.budget import Budget
from domain.concurrency.fair_queue import ConcurrencyLimits
from domain.concurrency.pool import PoolUsage
from domain.errors import Unavailable
from domain.posts.service import PostService
from domain.quotas.guard import QuotaGuard
from domain.quotas.model import AccountQuotas
from domain.rate_limits.guard import SignInGuard
from domain.rate_limits.ports import RateLimiter
from domain.sessions.service import SessionService
from domain.store import Store
from domain.todos.service import TodoService
from domain.zones import zone_names
from entrypoints.app import create_app
from entrypoints.connections.capacity import allowed_connections
from entrypoints.connections.guard import ConnectionGuard
from entrypoints.environment import SettingsError
from entrypoints.http.meta import VERSION
from entrypoints.http.workload import BODIES
from entrypoints.observability.logs import configure_logs
from entrypoints.services import Notices, Readiness, Services, no_notices, no_pool
from entrypoints.settings import Settings
from entrypoints.signing_secret import jwt_secret
from entrypoints.single_flight import SingleFlight

_READINESS_TIMEOUT = 2
"""Seconds after which a database that says nothing is not ready."""

_MAX_WAITING = 100
"""Requests of one client that wait for the others of the same client: the pages of a careless program."""

_MAX_WAIT = 3
"""Seconds that one waits for its turn."""

_HEAVY_READS = 2
"""Of an account, and of all accounts of one network: so there are always some for those of another."""

_LOOKUPS = 4
"""Of tokens from one network: fewer than there are connections to the database."""

_CALLERS = 4
"""Of one network that may do all they may at once. Whoever has an address can open accounts there, and their requests
must not be all that the database works on."""

_HASHING_THREADS = 2
"""Of which one requester has one: there is always another for somebody else. A hash takes 64 MiB, and several cores."""

_MAX_WAIT_FOR_HASH = 5
"""Seconds: as long as people wait at a login."""

_MAX_WAITING_HASHES = 30
"""Of one requester: about as many as are computed while one may wait."""

_log = logging.getLogger(__name__)


def utc_now() -> datetime:
    """Return the time of this machine's clock."""
    return datetime.now(UTC)


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
    async with open_services(settings) as services, guard.running():
        yield replace(services, connections=guard)


def settings_from_environment() -> Settings:
    """Read the settings.

    :raises SettingsError: with every problem at once.
    """
    return Settings.read(variables_of_environment())


def variables_of_environment() -> dict[str, str]:
    """Return the variables of the environment, and below them those of a file ``.env`` in the working directory.

    :raises SettingsError: if that file cannot be read.
    """
    try:
        in_file = dotenv_values(".env", interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"The file .env cannot be read: {error}."]) from None
    return {name: value for name, value in in_file.items() if value is not None} | dict(os.environ)


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncGenerator[Services]:
    """Connect the services to what they run on, until the block is left."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings))
        passwords = argon2_passwords()
        stack.callback(passwords.close)
        await passwords.prepare()
        zone_names()  # reads files, which must not happen while requests wait
        redis = await stack.enter_async_context(open_redis(settings.redis_url)) if settings.redis_url else None
        rate_limiter, notices = _rate_limiter(settings, redis)
        principal_cache = await stack.enter_async_context(shared_principal_cache(redis)) if redis else PrincipalCache()
        yield build_services(
            SqlAlchemyStore(database),
            passwords=passwords,
            secret=jwt_secret(settings),
            readiness=SingleFlight(partial(problems_of, database)),
            notices=SingleFlight(partial(_notices_of, database, notices)),
            rate_limiter=rate_limiter,
            principal_cache=principal_cache,
            concurrent_requests=settings.max_concurrent_requests,
            heavy_reads=settings.database_pool_size // 2,
            pool_usage=database.pool_usage,
            quotas=settings.quotas,
        )


def _rate_limiter(settings: Settings, redis: Redis | None) -> tuple[RateLimiter, Notices]:
    """Return what counts requests, and what says whether it works as it should."""
    if not settings.rate_limit:
        return Unlimited(), no_notices
    if redis is None:
        return MemoryRateLimiter(), no_notices
    limiter = FailoverRateLimiter(shared=RedisRateLimiter(redis), local=MemoryRateLimiter())
    return limiter, limiter.notices


def build_services(
    store: Store,
    *,
    passwords: Passwords,
    secret: str,
    readiness: Readiness,
    notices: Notices = no_notices,
    rate_limiter: RateLimiter | None = None,
    principal_cache: PrincipalCache | None = None,
    concurrent_requests: int = Settings().max_concurrent_requests,
    heavy_reads: int = Settings().database_pool_size // 2,
    pool_usage: Callable[[], PoolUsage | None] = no_pool,
    quotas: AccountQuotas | None = None,
    now: Clock = utc_now,
    monotonic: Callable[[], float] = time.monotonic,
) -> Services:
    """Wire the services to their adapters; ``secret`` signs and derives tokens, no limiter means no limits.

    ``concurrent_requests`` are those of one client at once; ``heavy_reads`` those of all, of which there are to be
    fewer than connections to the database.
    """
    rate_limiter = rate_limiter or Unlimited()
    guard = QuotaGuard(
        store,
        quotas or AccountQuotas(),
        limiter=rate_limiter,
        turns=_fair(1, name="requests"),
        monotonic=monotonic,
    )
    principal_cache = principal_cache or PrincipalCache()
    secrets = HmacSecrets(secret)
    access_tokens = JwtAccessTokens(secret)
    return Services(
        accounts=AccountService(
            store, passwords=passwords, common_passwords=common_passwords(), principal_cache=principal_cache, now=now
        ),
        sessions=SessionService(
            store,
            passwords=passwords,
            access_tokens=access_tokens,
            secrets=secrets,
            principal_cache=principal_cache,
            guard=SignInGuard(rate_limiter, secrets=secrets),
            now=now,
        ),
        api_tokens=ApiTokenService(store, secrets=secrets, principal_cache=principal_cache, now=now),
        todos=TodoService(
            store,
            heavy_reads=CallerConcurrencyLimiter(
                own=_fair(_HEAVY_READS, name="searches"),
                network=_fair(_HEAVY_READS, capacity=heavy_reads, name="searches"),
            ),
            quotas=guard,
            now=now,
        ),
        posts=PostService(store, quotas=guard, now=now),
        quotas=guard,
        authenticator=Authenticator(
            store,
            access_tokens=access_tokens,
            secrets=secrets,
            principal_cache=principal_cache,
            lookups=_fair(_LOOKUPS, name="requests"),
            now=now,
        ),
        rate_limiter=rate_limiter,
        requests=CallerConcurrencyLimiter(
            own=_fair(concurrent_requests, name="requests"),
            network=_fair(_CALLERS * concurrent_requests, name="requests"),
        ),
        bodies=Budget(BODIES, name="bytes of bodies"),
        readiness=readiness,
        notices=notices,
        pool_usage=pool_usage,
    )


def _fair(per_key: int, *, capacity: int | None = None, name: str) -> FairConcurrencyLimiter:
    limits = ConcurrencyLimits(capacity=capacity, per_key=per_key, max_waiting=_MAX_WAITING)
    return FairConcurrencyLimiter(limits, max_wait=_MAX_WAIT, name=name)


def argon2_passwords() -> Argon2Passwords:
    """Return what hashes passwords, in turns."""
    limits = ConcurrencyLimits(capacity=_HASHING_THREADS, per_key=1, max_waiting=_MAX_WAITING_HASHES)
    turns = FairConcurrencyLimiter(limits, max_wait=_MAX_WAIT_FOR_HASH, name="sign-ins")
    return Argon2Passwords(turns, threads=_HASHING_THREADS)


@asynccontextmanager
async def open_revocation(settings: Settings) -> AsyncGenerator[RevocationService]:
    """Connect what takes back access, until the block is left."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings))
        redis = await stack.enter_async_context(open_redis(settings.redis_url)) if settings.redis_url else None
        yield RevocationService(
            SqlAlchemyStore(database), revocations=None if redis is None else RedisRevocations(redis)
        )


def open_database(settings: Settings) -> AbstractAsyncContextManager[Database]:
    """Open the database that the settings name."""
    if settings.database_url is None:
        return open_sqlite(settings.sqlite_path, pool_size=settings.database_pool_size)
    return open_postgresql(settings.database_url, pool_size=settings.database_pool_size)


async def migrate(settings: Settings, revision: str = "head") -> str | None:
    """Bring the database to ``revision``; return where it is instead if that is ahead of this version."""
    if settings.database_url is None:
        return await migrate_sqlite(settings.sqlite_path, revision)
    return await migrate_postgresql(settings.database_url, revision)


def newest_verified_backup(settings: Settings) -> datetime | None:
    """Return when the newest backup was made that was restored for a trial, if there is one."""
    kind = SqliteFile.kind if settings.database_url is None else PostgresqlServerDatabase.kind
    newest = newest_verified(backups_in(settings.backup_dir, kind))
    return None if newest is None else newest.manifest.created_at


def backups_of(settings: Settings) -> Backups:
    """Return how the database that the settings name is backed up and restored.

    :raises BackupError: if the keys in the settings are malformed.
    """
    return Backups(
        SqliteFile(settings.sqlite_path)
        if settings.database_url is None
        else PostgresqlServerDatabase(settings.database_url),
        keys=Keys(settings.backup_recipients, settings.backup_identity),
        service_version=VERSION,
        newest_revision=newest_revision(),
        now=utc_now,
    )


async def problems_of(database: Database) -> list[str]:
    """Return what is wrong with the database, in plain words; nothing if it can be used.

    A database that is ahead is none of it: while a new version is rolled out, the old one goes on beside it.
    """
    asked = await _problems_met_by_asking(database)
    return list(dict.fromkeys([*asked, *database.problems()]))


async def _notices_of(database: Database, others: Notices) -> list[str]:
    return [*database.notices(), *await others()]


async def _problems_met_by_asking(database: Database) -> list[str]:
    try:
        async with asyncio.timeout(_READINESS_TIMEOUT):
            revision = await current_revision(database)
    except Unavailable as error:
        return [error.detail]
    except TimeoutError:
        return ["The database does not answer."]
    except Exception:  # noqa: BLE001 - whatever it is, requests will meet it too, and an operator must hear of it
        _log.exception("The database cannot be asked")
        return ["The database cannot be used; the log says why."]
    if revision < newest_revision():
        return [f"The database is at migration {revision}, this version needs {newest_revision()}."]
    return []
