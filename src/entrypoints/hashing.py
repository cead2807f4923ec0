"""How many passwords are hashed at once."""

from adapters.concurrency.limiter import FairConcurrencyLimiter
from adapters.security.passwords import Argon2Passwords
from domain.concurrency.fair_queue import ConcurrencyLimits

_HASHING_THREADS = 2
"""Of which one requester has one: there is always another for somebody else. A hash takes 64 MiB, and several cores."""

_MAX_WAIT_FOR_HASH = 5
"""Seconds: as long as people wait at a login."""

_MAX_WAITING_HASHES = 30
"""Of one requester: about as many as are computed while one may wait."""


def argon2_passwords() -> Argon2Passwords:
    """Return what hashes passwords, in turns."""
    limits = ConcurrencyLimits(capacity=_HASHING_THREADS, per_key=1, max_waiting=_MAX_WAITING_HASHES)
    turns = FairConcurrencyLimiter(limits, max_wait=_MAX_WAIT_FOR_HASH, name="sign-ins")
    return Argon2Passwords(turns, threads=_HASHING_THREADS)
