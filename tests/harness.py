"""The application as the tests run it: any store, a clock that stands still, passwords that are quick to hash."""

from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx
from argon2 import PasswordHasher
from litestar import Litestar

from adapters.concurrency.limiter import FairConcurrencyLimiter
from adapters.security.passwords import Argon2Passwords
from domain.accounts.model import Account
from domain.accounts.requester import Requester
from domain.authentication.principal import EVERY_SCOPE, Principal
from domain.authentication.service import Authenticator
from domain.clock import Clock
from domain.concurrency.fair_queue import ConcurrencyLimits
from domain.quotas.model import AccountQuotas
from domain.rate_limits.ports import RateLimiter
from domain.store import Store
from entrypoints.app import create_app
from entrypoints.services import Services
from entrypoints.settings import Settings
from entrypoints.wiring import build_services

BASE_URL = "http://testserver"
PASSWORD = "correct horse battery staple"
SECRET = "a secret of sixty-four bytes that is good enough for every test!!"

_QUIET = Settings(access_log=False)

QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def patient_turns() -> FairConcurrencyLimiter:
    """Return turns for as many hashes as a test wants."""
    return FairConcurrencyLimiter(ConcurrencyLimits(per_key=2, max_waiting=1_000), max_wait=60)


quick_passwords = Argon2Passwords(patient_turns(), QUICK_HASHER, threads=2)


async def quick_hash(password: str) -> str:
    """Return a hash of a password that nobody waits for."""
    return await quick_passwords.hash(password, requester=Requester(key="a test"))


class AlwaysSomebody(Authenticator):
    """Takes any bearer token for one principal's: what ``authed_client`` puts in place of signing in."""

    def __init__(self, account: Account) -> None:
        self._always = Principal(account_id=account.id, scopes=EVERY_SCOPE)

    async def principal(self, bearer: str, *, network: str | None = None) -> Principal:
        """Return the one."""
        del bearer, network
        return self._always


def one_at_a_time() -> FairConcurrencyLimiter:
    """Return what gives each key one turn at a time, and lets everybody wait for it."""
    return FairConcurrencyLimiter(ConcurrencyLimits(per_key=1, max_waiting=1_000), max_wait=60)


def services_on(
    store: Store, *, now: Clock, rate_limiter: RateLimiter | None = None, quotas: AccountQuotas | None = None
) -> Services:
    """Return the services on a store; requests are not limited unless somebody asks for it."""
    return build_services(
        store,
        passwords=quick_passwords,
        secret=SECRET,
        readiness=_always_ready,
        rate_limiter=rate_limiter,
        quotas=quotas,
        now=now,
    )


class _Stage:
    """An application that is built once, which takes as long as many a test, and gets other services for each."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._app = create_app(settings, self._open)
        self._layers = self._app.asgi_handler
        self._services: Services | None = None

    def with_services(self, services: Services) -> Litestar:
        """Return the application as it was built, which has these services from its next start on."""
        self._services = services
        self._app.asgi_handler = self._layers
        return self._app

    @asynccontextmanager
    async def _open(self) -> AsyncGenerator[Services]:
        assert self._services is not None
        yield self._services


_free: defaultdict[Settings, list[_Stage]] = defaultdict(list)
_taken: list[_Stage] = []


def app_on(services: Services, settings: Settings = _QUIET) -> Litestar:
    """Return an application on ready-made services, which nobody else has until the test ends.

    What it logs goes where the test that had it first wanted it; see ``new_app_on``.
    """
    stages = _free[settings]
    stage = stages.pop() if stages else _Stage(settings)
    _taken.append(stage)
    return stage.with_services(services)


def new_app_on(services: Services, settings: Settings) -> Litestar:
    """Return an application on ready-made services that is built for this test, for what it logs."""
    return _Stage(settings).with_services(services)


def give_apps_back() -> None:
    """Let other tests have the applications of this one."""
    while _taken:
        stage = _taken.pop()
        _free[stage.settings].append(stage)


@asynccontextmanager
async def client_of(
    app: Litestar, *, bearer: str | None = None, address: str = "127.0.0.1"
) -> AsyncGenerator[httpx.AsyncClient]:
    """Start the application and yield a client that calls it without a network, as if from ``address``."""
    headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
    transport = httpx.ASGITransport(cast("Any", app), client=(address, 123))  # two spellings of the same interface
    async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url=BASE_URL, headers=headers) as client:
        yield client


async def _always_ready() -> list[str]:
    return []
