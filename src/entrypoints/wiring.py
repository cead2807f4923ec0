"""The adapters that the services for requests work with, on any store."""

import time
from collections.abc import Callable

from adapters.concurrency.caller_limiter import CallerConcurrencyLimiter
from adapters.concurrency.limiter import FairConcurrencyLimiter
from adapters.rate_limits.unlimited import Unlimited
from adapters.security.access_tokens import JwtAccessTokens
from adapters.security.common_passwords import common_passwords
from adapters.security.secrets import HmacSecrets
from domain.accounts.ports import Passwords
from domain.authentication.principal_cache import PrincipalCache
from domain.clock import Clock
from domain.concurrency.budget import Budget
from domain.concurrency.fair_queue import ConcurrencyLimits
from domain.concurrency.pool import PoolUsage
from domain.quotas.guard import QuotaGuard
from domain.quotas.model import AccountQuotas
from domain.rate_limits.ports import RateLimiter
from domain.store import Store
from entrypoints.clock import utc_now
from entrypoints.http.middleware.request_bodies import BODIES
from entrypoints.services import Notices, Ports, Readiness, Services, assemble_services, no_notices, no_pool
from entrypoints.settings import Settings

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
    ports = Ports(
        store=store,
        passwords=passwords,
        common_passwords=common_passwords(),
        access_tokens=JwtAccessTokens(secret),
        secrets=HmacSecrets(secret),
        principal_cache=principal_cache or PrincipalCache(),
        rate_limiter=rate_limiter,
        quotas=QuotaGuard(
            store,
            quotas or AccountQuotas(),
            limiter=rate_limiter,
            turns=_fair(1, name="requests"),
            monotonic=monotonic,
        ),
        heavy_reads=CallerConcurrencyLimiter(
            own=_fair(_HEAVY_READS, name="searches"),
            network=_fair(_HEAVY_READS, capacity=heavy_reads, name="searches"),
        ),
        lookups=_fair(_LOOKUPS, name="requests"),
        now=now,
    )
    return assemble_services(
        ports,
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
