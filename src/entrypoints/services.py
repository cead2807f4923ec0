"""What the controllers can call: one service for each aggregate, made of ports."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Literal, Protocol

from msgspec import Struct, field

from domain.accounts.ports import Passwords
from domain.accounts.service import AccountService
from domain.api_tokens.service import ApiTokenService
from domain.authentication.ports import AccessTokens, Secrets
from domain.authentication.principal_cache import PrincipalCache
from domain.authentication.service import Authenticator
from domain.clock import Clock
from domain.concurrency.budget import Budget
from domain.concurrency.pool import PoolUsage
from domain.concurrency.ports import CallerLimiter, ConcurrencyLimiter, ConcurrencyUsage
from domain.posts.service import PostService
from domain.quotas.guard import QuotaGuard
from domain.rate_limits.guard import SignInGuard
from domain.rate_limits.ports import RateLimiter
from domain.sessions.service import SessionService
from domain.store import Store
from domain.todos.service import TodoService
from entrypoints.http.unread_answers import UnreadAnswers

Readiness = Callable[[], Awaitable[list[str]]]
"""Returns what keeps the service from working, in plain words; nothing if it is ready."""

Notices = Callable[[], Awaitable[list[str]]]
"""Returns what works less well than it should, in plain words, while the service is ready all the same."""


CloseReason = Literal["too_many", "unread"]
"""Why a connection is closed on its client: there are too many like it, or it does not read what it asked for."""


class Connections(Protocol):
    """Connections of clients at a moment."""

    @property
    def open(self) -> int:
        """How many there are."""
        ...

    @property
    def closed(self) -> Mapping[CloseReason, int]:
        """How many were closed, by the reason why."""
        ...

    def give_up(self, peer: tuple[str, int], *, reason: CloseReason) -> None:
        """Close the one with this peer."""
        ...

    def running(self) -> AbstractAsyncContextManager[None]:
        """Close those that are too many, until the block is left."""
        ...


class UnknownConnections:
    """Those of a server that nobody can look at: it closes them itself, or never."""

    open = 0

    @property
    def closed(self) -> Mapping[CloseReason, int]:
        """None that is known of."""
        return {}

    def give_up(self, peer: tuple[str, int], *, reason: CloseReason) -> None:
        """Leave it to the server."""

    def running(self) -> AbstractAsyncContextManager[None]:
        """Do nothing."""
        return nullcontext()


async def no_notices() -> list[str]:
    """Return that all is as it should be."""
    return []


def no_pool() -> PoolUsage | None:
    """Return that there is no database."""
    return None


class RequestLimiter(CallerLimiter, ConcurrencyUsage, Protocol):
    """What requests take their turns with, and how far it is used."""


class Ports(Struct, frozen=True, kw_only=True):
    """What the services work with."""

    store: Store
    passwords: Passwords
    common_passwords: frozenset[str]
    access_tokens: AccessTokens
    secrets: Secrets
    principal_cache: PrincipalCache
    rate_limiter: RateLimiter
    quotas: QuotaGuard
    heavy_reads: CallerLimiter
    """Turns of what reads all to-dos of an account."""
    lookups: ConcurrencyLimiter
    """Turns of looking a token up, with a key for each network."""
    now: Clock


class Services(Struct, frozen=True, kw_only=True):
    """One service for each aggregate, who is asking, and whether everything works."""

    accounts: AccountService
    sessions: SessionService
    api_tokens: ApiTokenService
    todos: TodoService
    posts: PostService
    quotas: QuotaGuard
    authenticator: Authenticator
    rate_limiter: RateLimiter
    requests: RequestLimiter
    bodies: Budget
    readiness: Readiness
    notices: Notices = no_notices
    pool_usage: Callable[[], PoolUsage | None] = no_pool
    unread_answers: UnreadAnswers = field(default_factory=UnreadAnswers)
    connections: Connections = field(default_factory=UnknownConnections)


def assemble_services(
    ports: Ports,
    *,
    requests: RequestLimiter,
    bodies: Budget,
    readiness: Readiness,
    notices: Notices,
    pool_usage: Callable[[], PoolUsage | None],
) -> Services:
    """Return the services on these ports."""
    store, now, cache = ports.store, ports.now, ports.principal_cache
    return Services(
        accounts=AccountService(
            store,
            passwords=ports.passwords,
            common_passwords=ports.common_passwords,
            principal_cache=cache,
            now=now,
        ),
        sessions=SessionService(
            store,
            passwords=ports.passwords,
            access_tokens=ports.access_tokens,
            secrets=ports.secrets,
            principal_cache=cache,
            guard=SignInGuard(ports.rate_limiter, secrets=ports.secrets),
            now=now,
        ),
        api_tokens=ApiTokenService(store, secrets=ports.secrets, principal_cache=cache, now=now),
        todos=TodoService(store, heavy_reads=ports.heavy_reads, quotas=ports.quotas, now=now),
        posts=PostService(store, quotas=ports.quotas, now=now),
        quotas=ports.quotas,
        authenticator=Authenticator(
            store,
            access_tokens=ports.access_tokens,
            secrets=ports.secrets,
            principal_cache=cache,
            lookups=ports.lookups,
            now=now,
        ),
        rate_limiter=ports.rate_limiter,
        requests=requests,
        bodies=bodies,
        readiness=readiness,
        notices=notices,
        pool_usage=pool_usage,
    )
