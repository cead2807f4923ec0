"""A flood of sign-ins, with passwords hashed as they are in production: whoever else signs in hardly waits."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from adapters.memory.store import MemoryStore
from domain.errors import TooManyConcurrent, WrongCredentials
from entrypoints.hashing import argon2_passwords
from entrypoints.services import Services
from entrypoints.wiring import build_services
from tests.harness import PASSWORD, SECRET

EMAIL = "ada@example.com"
FLOOD = 160


@pytest.fixture
async def services() -> AsyncGenerator[Services]:
    """Services with real passwords, and an account."""
    passwords = argon2_passwords()
    await passwords.prepare()
    services = build_services(MemoryStore(), passwords=passwords, secret=SECRET, readiness=_ready)
    await services.accounts.register(email=EMAIL, password=PASSWORD)
    yield services
    passwords.close()


async def _ready() -> list[str]:
    return []


async def test_one_site_that_signs_in_all_the_time_is_one_of_those_who_take_turns(services: Services) -> None:
    """What others wait is counted in hashes of the flood, however long one takes."""
    hashed: list[int] = []

    async def sign_in(number: int) -> None:
        try:
            await services.sessions.log_in(email=f"{number}@b.com", password="x", address=f"2001:db8:1:{number:x}::1")
        except WrongCredentials:
            hashed.append(number)

    flood = asyncio.gather(*(sign_in(number) for number in range(FLOOD)), return_exceptions=True)
    await asyncio.sleep(0)
    for number in range(3):
        before = len(hashed)
        await services.sessions.log_in(email=EMAIL, password=PASSWORD, address=f"192.0.2.{number}")
        assert len(hashed) - before <= 4

    refused = [answer for answer in await flood if isinstance(answer, TooManyConcurrent)]
    assert len(refused) + len(hashed) == FLOOD
    assert len(hashed) <= 31
