"""How far connections that are shared are in use."""

from typing import NamedTuple


class PoolUsage(NamedTuple):
    """How far a pool of connections is used at a moment."""

    limit: int
    """Connections at the most."""

    size: int
    """Connections that are open."""

    idle: int
    """Those of them that nobody uses."""

    waiting: int
    """How many wait for one."""
