"""Passwords hashed with argon2id."""

import asyncio
from threading import Lock
from time import sleep
from typing import Literal

import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from adapters.security.passwords import Argon2Passwords
from domain.errors import Unavailable
from tests.harness import quick_passwords


class SlowHasher(PasswordHasher):
    """Counts how many hashes are computed at the same time."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self._lock = Lock()
        self.running = 0
        self.most = 0
        self.verified: list[str | bytes] = []

    def _enter(self) -> None:
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
        sleep(0.02)

    def _leave(self) -> None:
        with self._lock:
            self.running -= 1

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self._enter()
        try:
            return super().hash(password, salt=salt)
        finally:
            self._leave()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - the name it has there
        self.verified.append(hash)
        self._enter()
        try:
            return super().verify(hash, password)
        finally:
            self._leave()


async def test_a_password_has_its_own_hash_and_no_other() -> None:
    password_hash = await quick_passwords.hash("correct horse")

    assert await quick_passwords.matches("correct horse", password_hash)
    assert not await quick_passwords.matches("battery staple", password_hash)
    assert not await quick_passwords.matches("correct horse", None)


async def test_the_same_password_is_salted_anew() -> None:
    assert await quick_passwords.hash("correct horse") != await quick_passwords.hash("correct horse")


async def test_nobody_needs_to_choose_argon2id_and_its_parameters() -> None:
    passwords = Argon2Passwords()

    parameters = extract_parameters(await passwords.hash("correct horse"))

    passwords.close()
    assert (parameters.type, parameters.memory_cost) == (Type.ID, 64 * 1024)


async def test_a_hash_with_other_parameters_is_outdated_and_still_matches() -> None:
    stronger = Argon2Passwords(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    old_hash = await quick_passwords.hash("correct horse")

    assert stronger.is_outdated(old_hash)
    assert not quick_passwords.is_outdated(old_hash)
    assert await stronger.matches("correct horse", old_hash)

    stronger.close()


@pytest.mark.parametrize("password", ["\ud800", "x\udcffy", "\x00", "", "x" * 100_000, "\U0001f510"])
async def test_any_text_is_just_a_wrong_password(password: str) -> None:
    password_hash = await quick_passwords.hash("correct horse")

    assert not await quick_passwords.matches(password, password_hash)
    assert not await quick_passwords.matches(password, None)


@pytest.mark.parametrize("password_hash", ["", "a hash", "$argon2id$v=19$m=8,t=1,p=1$broken", "$2b$12$bcrypt"])
async def test_what_is_no_hash_matches_nothing(password_hash: str) -> None:
    assert not await quick_passwords.matches("correct horse", password_hash)


async def test_nobody_is_verified_against_a_real_hash_with_the_same_parameters() -> None:
    hasher = SlowHasher()
    passwords = Argon2Passwords(hasher)
    await passwords.prepare()
    hasher.verified.clear()

    for _ in range(2):
        await passwords.matches("correct horse", None)

    passwords.close()
    first, second = hasher.verified
    assert first == second
    assert not hasher.check_needs_rehash(first)


async def test_nobody_has_the_password_of_nobody() -> None:
    assert not await quick_passwords.matches("nobody has this password", None)


@pytest.mark.parametrize("concurrency", [1, 2, 3])
async def test_no_more_hashes_are_computed_at_once_than_there_is_memory_for(concurrency: int) -> None:
    hasher = SlowHasher()
    passwords = Argon2Passwords(hasher, concurrency=concurrency)
    password_hash = await passwords.hash("correct horse")

    results = await asyncio.gather(
        *(passwords.matches("correct horse", password_hash) for _ in range(5)),
        *(passwords.hash("battery staple") for _ in range(5)),
    )

    passwords.close()
    assert all(results)
    assert hasher.most == concurrency


async def test_the_event_loop_goes_on_while_a_hash_is_computed() -> None:
    passwords = Argon2Passwords(SlowHasher())
    hashing = asyncio.create_task(passwords.hash("correct horse"))
    turns = 0

    while not hashing.done():
        await asyncio.sleep(0.001)
        turns += 1

    passwords.close()
    assert turns > 1


async def test_of_those_that_wait_there_is_a_bound() -> None:
    passwords = Argon2Passwords(SlowHasher(), concurrency=1, most_waiting=2)

    answers = await asyncio.gather(*(passwords.hash("12345678") for _ in range(5)), return_exceptions=True)

    assert [isinstance(answer, Unavailable) for answer in answers] == [False] * 3 + [True] * 2
    assert await passwords.hash("12345678")
