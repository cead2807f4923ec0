"""Passwords hashed with argon2id."""

import asyncio
import os
import sys
from threading import Lock, get_native_id
from time import sleep
from typing import Literal

import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from adapters.concurrency.limiter import FairConcurrencyLimiter
from adapters.security.passwords import Argon2Passwords
from domain.accounts.requester import Requester
from domain.concurrency.fair_queue import ConcurrencyLimits
from domain.errors import TooManyConcurrent
from entrypoints.hashing import argon2_passwords
from tests.harness import quick_hash, quick_passwords

ADA, GRACE = Requester(key=1), Requester(key=2)


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


def taking_turns(hasher: PasswordHasher, *, threads: int = 2, max_waiting: int = 10) -> Argon2Passwords:
    limits = ConcurrencyLimits(capacity=threads, per_key=threads, max_waiting=max_waiting)
    return Argon2Passwords(FairConcurrencyLimiter(limits, max_wait=60), hasher, threads=threads)


async def test_a_password_has_its_own_hash_and_no_other() -> None:
    password_hash = await quick_hash("correct horse")

    assert await quick_passwords.matches("correct horse", password_hash, requester=ADA)
    assert not await quick_passwords.matches("battery staple", password_hash, requester=ADA)
    assert not await quick_passwords.matches("correct horse", None, requester=ADA)


async def test_the_same_password_is_salted_anew() -> None:
    assert await quick_hash("correct horse") != await quick_hash("correct horse")


async def test_nobody_needs_to_choose_argon2id_and_its_parameters() -> None:
    passwords = argon2_passwords()

    parameters = extract_parameters(await passwords.hash("correct horse", requester=ADA))

    passwords.close()
    assert (parameters.type, parameters.memory_cost) == (Type.ID, 64 * 1024)


async def test_a_hash_with_other_parameters_is_outdated_and_still_matches() -> None:
    stronger = taking_turns(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    old_hash = await quick_hash("correct horse")

    assert stronger.is_outdated(old_hash)
    assert not quick_passwords.is_outdated(old_hash)
    assert await stronger.matches("correct horse", old_hash, requester=ADA)

    stronger.close()


@pytest.mark.parametrize("password", ["\ud800", "x\udcffy", "\x00", "", "x" * 100_000, "\U0001f510"])
async def test_any_text_is_just_a_wrong_password(password: str) -> None:
    password_hash = await quick_hash("correct horse")

    assert not await quick_passwords.matches(password, password_hash, requester=ADA)
    assert not await quick_passwords.matches(password, None, requester=ADA)


@pytest.mark.parametrize("password_hash", ["", "a hash", "$argon2id$v=19$m=8,t=1,p=1$broken", "$2b$12$bcrypt"])
async def test_what_is_no_hash_matches_nothing(password_hash: str) -> None:
    assert not await quick_passwords.matches("correct horse", password_hash, requester=ADA)


async def test_nobody_is_verified_against_a_real_hash_with_the_same_parameters() -> None:
    hasher = SlowHasher()
    passwords = taking_turns(hasher)
    await passwords.prepare()
    hasher.verified.clear()

    for _ in range(2):
        await passwords.matches("correct horse", None, requester=ADA)

    passwords.close()
    first, second = hasher.verified
    assert first == second
    assert not hasher.check_needs_rehash(first)


async def test_nobody_has_the_password_of_nobody() -> None:
    assert not await quick_passwords.matches("nobody has this password", None, requester=ADA)


@pytest.mark.parametrize("concurrency", [1, 2, 3])
async def test_no_more_hashes_are_computed_at_once_than_there_is_memory_for(concurrency: int) -> None:
    hasher = SlowHasher()
    passwords = taking_turns(hasher, threads=concurrency)
    password_hash = await passwords.hash("correct horse", requester=ADA)

    results = await asyncio.gather(
        *(passwords.matches("correct horse", password_hash, requester=ADA) for _ in range(5)),
        *(passwords.hash("battery staple", requester=ADA) for _ in range(5)),
    )

    passwords.close()
    assert all(results)
    assert hasher.most == concurrency


async def test_the_event_loop_goes_on_while_a_hash_is_computed() -> None:
    passwords = taking_turns(SlowHasher())
    hashing = asyncio.create_task(passwords.hash("correct horse", requester=ADA))
    turns = 0

    while not hashing.done():
        await asyncio.sleep(0.001)
        turns += 1

    passwords.close()
    assert turns > 1


async def test_of_those_that_wait_there_is_a_bound() -> None:
    passwords = taking_turns(SlowHasher(), threads=1, max_waiting=2)

    answers = await asyncio.gather(
        *(passwords.hash("12345678", requester=ADA) for _ in range(5)), return_exceptions=True
    )

    assert [isinstance(answer, TooManyConcurrent) for answer in answers] == [False] * 3 + [True] * 2
    assert await passwords.hash("12345678", requester=ADA)
    passwords.close()


async def test_nobody_waits_for_all_that_somebody_else_has_asked_for() -> None:
    passwords = taking_turns(SlowHasher(), threads=1)
    order: list[Requester] = []

    async def hashed(requester: Requester) -> None:
        await passwords.hash("12345678", requester=requester)
        order.append(requester)

    await asyncio.gather(*(hashed(ADA) for _ in range(5)), hashed(GRACE))

    passwords.close()
    assert order == [ADA, GRACE, ADA, ADA, ADA, ADA]


async def test_who_goes_away_leaves_the_thread_to_its_work() -> None:
    hasher = SlowHasher()
    passwords = taking_turns(hasher, threads=1)

    for _ in range(5):
        hashing = asyncio.create_task(passwords.hash("12345678", requester=ADA))
        await asyncio.sleep(0)
        hashing.cancel()
    await passwords.hash("12345678", requester=GRACE)

    passwords.close()
    assert hasher.most == 1


class NiceHasher(SlowHasher):
    """Notes how nice the thread is that hashes."""

    niceness: int | None = None

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.niceness = os.getpriority(os.PRIO_PROCESS, get_native_id())
        return super().hash(password, salt=salt)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux knows how nice a thread is")
async def test_whoever_hashes_leaves_the_processor_to_the_event_loop() -> None:
    hasher, own = NiceHasher(), os.getpriority(os.PRIO_PROCESS, 0)

    await taking_turns(hasher).hash("secret", requester=ADA)

    assert hasher.niceness == max(own, 15)
    assert os.getpriority(os.PRIO_PROCESS, 0) == own, "of the thread that serves"


async def test_whoever_may_not_be_nicer_hashes_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", refuse)

    assert await taking_turns(SlowHasher()).hash("secret", requester=ADA)
