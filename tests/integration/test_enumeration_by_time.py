"""How long it takes to be refused, with passwords hashed as they are in production.

A hash takes tens of milliseconds, everything else less than one: were the hash left out for an address that nobody
has, it would be at least ten times as fast. The bound of four leaves room for a busy machine and for nothing else.
"""

from collections.abc import AsyncGenerator
from statistics import median
from time import perf_counter

import pytest

from adapters.sqlalchemy.store import SqlAlchemyStore
from domain.errors import EmailTaken, WrongCredentials
from entrypoints.hashing import argon2_passwords
from entrypoints.services import Services
from entrypoints.wiring import build_services
from tests.harness import PASSWORD, SECRET

EMAIL = "ada@example.com"
TIMES = 5
MAX_RATIO = 4


@pytest.fixture
async def services(sqlite_store: SqlAlchemyStore) -> AsyncGenerator[Services]:
    """Services with real passwords, and an account."""
    passwords = argon2_passwords()
    await passwords.prepare()
    services = build_services(sqlite_store, passwords=passwords, secret=SECRET, readiness=_ready)
    await services.accounts.register(email=EMAIL, password=PASSWORD)
    yield services
    passwords.close()


async def test_an_address_that_nobody_has_is_refused_no_sooner_than_a_wrong_password(services: Services) -> None:
    taken: dict[str, list[float]] = {EMAIL: [], "nobody@example.com": [], "no address": []}

    for _ in range(TIMES):  # in turns, so that whatever else the machine does meets all of them
        for email, durations in taken.items():
            started = perf_counter()
            with pytest.raises(WrongCredentials):
                await services.sessions.log_in(email=email, password="wrong password")
            durations.append(perf_counter() - started)

    medians = [median(durations) for durations in taken.values()]
    assert max(medians) < MAX_RATIO * min(medians), medians


async def test_a_taken_address_is_refused_no_sooner_than_a_free_one_is_given_away(services: Services) -> None:
    free: list[float] = []
    taken: list[float] = []

    for number in range(TIMES):
        started = perf_counter()
        await services.accounts.register(email=f"nobody{number}@example.com", password=PASSWORD)
        free.append(perf_counter() - started)
        started = perf_counter()
        with pytest.raises(EmailTaken):
            await services.accounts.register(email=EMAIL, password=PASSWORD)
        taken.append(perf_counter() - started)

    assert median(free) < MAX_RATIO * median(taken)


async def _ready() -> list[str]:
    return []
