"""Passwords hashed with argon2id (RFC 9106)."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar, TypeVarTuple, Unpack

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from domain.accounts.requester import Requester
from domain.concurrency.ports import ConcurrencyLimiter

_NICENESS = 15
"""Argon2 takes four threads for a password, which together still get an eighth of a core that is busy otherwise: less
than holds up requests, and enough for a sign-in in about a second."""

_NOBODYS = "nobody has this password"

_Arguments = TypeVarTuple("_Arguments")
_Result = TypeVar("_Result")


class Argon2Passwords:
    """Implements ``domain.accounts.ports.Passwords``.

    A hash takes tens of milliseconds and 64 MiB on purpose, so it is computed off the event loop, and no more than
    ``threads`` at a time: further requests wait for their turn instead of taking the memory. ``turns`` says whose it
    is; it lets in as many as there are threads.
    """

    def __init__(self, turns: ConcurrencyLimiter, hasher: PasswordHasher | None = None, *, threads: int) -> None:
        self._turns = turns
        self._hasher = hasher or PasswordHasher()
        self._threads = ThreadPoolExecutor(threads, "argon2", _let_requests_go_first)
        self._decoy: str | None = None

    async def hash(self, password: str, *, requester: Requester) -> str:
        """See the port."""
        return await self._in_turn(requester, self._hash, password)

    async def matches(self, password: str, password_hash: str | None, *, requester: Requester) -> bool:
        """See the port."""
        if password_hash is None:
            if self._decoy is None:
                self._decoy = await self.hash(_NOBODYS, requester=requester)
            await self._in_turn(requester, self._verify, password, self._decoy)
            return False
        return await self._in_turn(requester, self._verify, password, password_hash)

    def is_outdated(self, password_hash: str) -> bool:
        """See the port."""
        return self._hasher.check_needs_rehash(password_hash)

    async def prepare(self) -> None:
        """Compute the decoy now, so that not even the first unknown address takes longer than a known one."""
        self._decoy = await asyncio.get_running_loop().run_in_executor(self._threads, self._hash, _NOBODYS)

    def close(self) -> None:
        """Give the threads back."""
        self._threads.shutdown(wait=False)

    async def _in_turn(
        self, requester: Requester, work: Callable[[Unpack[_Arguments]], _Result], *arguments: *_Arguments
    ) -> _Result:
        await self._turns.acquire(requester.key, is_preferred=requester.is_known)
        computing = asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        # Whoever goes away leaves the thread at work: it is the next one's turn when that is done.
        computing.add_done_callback(lambda _: self._turns.release(requester.key))
        return await asyncio.shield(computing)

    def _hash(self, password: str) -> str:
        return self._hasher.hash(_to_bytes(password))

    def _verify(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, _to_bytes(password))
        except (VerificationError, InvalidHashError):
            return False


def _let_requests_go_first() -> None:
    """Give this thread, and those that libargon2 starts from it, less of the processor while others need it.

    Linux schedules threads by a niceness of their own; elsewhere it is the whole process's.
    """
    thread = threading.get_native_id()
    if sys.platform == "linux" and os.getpriority(os.PRIO_PROCESS, thread) < _NICENESS:
        with suppress(OSError):  # a sandbox may refuse it
            os.setpriority(os.PRIO_PROCESS, thread, _NICENESS)


def _to_bytes(password: str) -> bytes:
    """Encode what a client sent, even if it is no Unicode text: a wrong password is no error."""
    return password.encode("utf-8", "surrogatepass")
