"""Passwords hashed with argon2id (RFC 9106)."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple, Unpack

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from domain.errors import Unavailable

_Arguments = TypeVarTuple("_Arguments")
_Result = TypeVar("_Result")


class Argon2Passwords:
    """Implements ``domain.accounts.ports.Passwords``.

    A hash takes tens of milliseconds and 64 MiB on purpose, so it is computed off the event loop, and no more than
    ``concurrency`` at a time: further requests wait their turn instead of taking the memory. Of those that wait, too,
    there is a bound, ``most_waiting``.
    """

    def __init__(self, hasher: PasswordHasher | None = None, *, concurrency: int = 2, most_waiting: int = 100) -> None:
        self._hasher = hasher or PasswordHasher()
        self._threads = ThreadPoolExecutor(concurrency, thread_name_prefix="argon2")
        self._decoy: str | None = None
        self._most_at_once = concurrency + most_waiting
        self._at_once = 0

    async def hash(self, password: str) -> str:
        """See the port."""
        return await self._in_thread(self._hash, password)

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """See the port."""
        if password_hash is None:
            if self._decoy is None:
                self._decoy = await self.hash("nobody has this password")
            await self._in_thread(self._verify, password, self._decoy)
            return False
        return await self._in_thread(self._verify, password, password_hash)

    def is_outdated(self, password_hash: str) -> bool:
        """See the port."""
        return self._hasher.check_needs_rehash(password_hash)

    async def prepare(self) -> None:
        """Compute the decoy now, so that not even the first unknown address takes longer than a known one."""
        await self.matches("", None)

    def close(self) -> None:
        """Give the threads back."""
        self._threads.shutdown(wait=False)

    async def _in_thread(self, work: Callable[[Unpack[_Arguments]], _Result], *arguments: *_Arguments) -> _Result:
        if self._at_once >= self._most_at_once:
            raise Unavailable("Too many passwords are being checked; try again.")
        self._at_once += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        finally:
            self._at_once -= 1

    def _hash(self, password: str) -> str:
        return self._hasher.hash(_to_bytes(password))

    def _verify(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, _to_bytes(password))
        except (VerificationError, InvalidHashError):
            return False


def _to_bytes(password: str) -> bytes:
    """Encode what a client sent, even if it is no Unicode text: a wrong password is no error."""
    return password.encode("utf-8", "surrogatepass")
