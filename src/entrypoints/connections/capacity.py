"""How many connections a worker can have."""

import resource

MAX_CONNECTIONS = 2_048
"""Connections of a worker at once; more of them wait in the kernel.

A slow client costs a connection, not a worker: one thread waits for all of them. So there may be many, as long as
memory suffices for each to have a request in flight.
"""

_RESERVED_FILES = 512
"""Files that a worker has open beside its clients' connections: those of databases, libraries and logs."""


def allowed_connections() -> int:
    """Return how many connections a worker may have, after asking the system for as many files as they need."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + _RESERVED_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return MAX_CONNECTIONS
    return max(soft - _RESERVED_FILES, soft // 2)
