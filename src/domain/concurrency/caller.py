"""Who takes turns with whom."""

from collections.abc import Hashable
from typing import NamedTuple


class Caller(NamedTuple):
    """Whose something is that is to be done, an account, say, and the network from which it is asked for.

    Those of one network share, too: whoever has one address can have many accounts.
    """

    own: Hashable
    network: str
