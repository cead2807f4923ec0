"""Which connections have to go, so that there is always a place for somebody else."""

from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct


class Connection(Struct, frozen=True, kw_only=True):
    """A connection of a client.

    ``network`` is whom it is counted for, ``None`` for a proxy, which stands for many. ``idle`` is the time since
    anything came or went; ``is_waiting`` that something came which has not been answered.
    """

    peer: tuple[str, int]
    network: str | None
    idle: float
    is_waiting: bool = False


def in_excess(connections: Iterable[Connection], *, per_network: int, total: int) -> list[Connection]:
    """Return those to be closed: what a network has beyond its bound, then what all have together beyond theirs.

    Together they lose where there are most: a network with few connections keeps them, however many others open.
    Within a network those that wait for no answer go first, the longest idle of them before the others. Proxies keep
    theirs, and leave so much less to the others, but never less than one network may have.
    """
    networks: dict[str, list[Connection]] = defaultdict(list)
    room = total
    for connection in connections:
        if connection.network is None:
            room -= 1
        else:
            networks[connection.network].append(connection)
    share = _fair_share([len(own) for own in networks.values()], room=max(room, per_network), limit=per_network)
    return [
        connection
        for own in networks.values()
        if len(own) > share
        for connection in sorted(own, key=_last_to_go)[share:]
    ]


def _last_to_go(connection: Connection) -> tuple[bool, float]:
    return not connection.is_waiting, connection.idle


def _fair_share(sizes: list[int], *, room: int, limit: int) -> int:
    """Return how many each may keep so that all fit in: those with fewer leave what is over to the others.

    It is never less than one, even if there are more networks than places.
    """
    fewer_first = sorted(sizes)
    for index, size in enumerate(fewer_first):
        share = room // (len(fewer_first) - index)
        if size > share:
            return max(min(share, limit), 1)
        room -= size
    return limit
