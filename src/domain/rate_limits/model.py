"""What may be asked for how often, and what came of asking."""

from msgspec import Struct


class Quota(Struct, frozen=True, kw_only=True):
    """So many requests in a window of so many seconds, which begins with the first of them.

    The name is what clients read in the ``RateLimit`` header, and a part of the key under which is counted.
    """

    name: str
    amount: int
    window: int


Hit = tuple[Quota, str]
"""A quota, and the key of whom it is counted for: an account, an address."""


class RateLimitResult(Struct, frozen=True, kw_only=True):
    """What a quota says to a request: whether it may pass, how many more may, and in how many seconds it is full again.

    ``reset`` is never 0: a client that is told to wait must not ask again at once.
    """

    quota: Quota
    is_allowed: bool
    remaining: int
    reset: int
