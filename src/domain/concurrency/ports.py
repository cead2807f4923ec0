"""What the use cases need where much may be asked at once."""

from collections.abc import Hashable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from domain.concurrency.caller import Caller


class ConcurrencyLimiter(Protocol):
    """Bounds how much is at work at once, in all and for each key, and is fair to all keys."""

    async def acquire(self, key: Hashable, *, is_preferred: bool = False) -> None:
        """Wait for a turn, for as long as the limiter allows; one ``release`` has to follow.

        :raises TooManyConcurrent: if the key has too much at work, and too much waiting or for too long.
        :raises Overloaded: if the others have.
        """
        ...

    def release(self, key: Hashable) -> None:
        """Give the turn to who is next."""
        ...

    def slot(self, key: Hashable, *, is_preferred: bool = False) -> AbstractAsyncContextManager[None]:
        """Have a turn for as long as the block lasts; errors as ``acquire``."""
        ...


class CallerLimiter(Protocol):
    """The same for callers, who share it twice: with what is theirs, and with all that comes from their network."""

    async def acquire(self, caller: Caller) -> None:
        """See ``ConcurrencyLimiter``."""
        ...

    def release(self, caller: Caller) -> None:
        """See ``ConcurrencyLimiter``."""
        ...

    def slot(self, caller: Caller) -> AbstractAsyncContextManager[None]:
        """See ``ConcurrencyLimiter``."""
        ...


class ConcurrencyUsage(Protocol):
    """How far a limiter is used at a moment."""

    @property
    def running(self) -> int:
        """How many are at work."""
        ...

    @property
    def waiting(self) -> int:
        """How many wait."""
        ...
