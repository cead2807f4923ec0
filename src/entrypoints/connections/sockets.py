"""The TCP sockets of this process, as the kernel sees them. Linux only."""

import errno
import os
import socket
import stat
import struct
from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

IS_SUPPORTED = hasattr(socket, "TCP_USER_TIMEOUT") and hasattr(socket, "TCP_INFO")

Peer = tuple[str, int]

_OWN_FILES = Path("/proc/self/fd")
_INFO = struct.Struct("@44xI4xI96xII")
"""Of ``struct tcp_info``: ``tcpi_last_data_sent`` and ``tcpi_last_data_recv``, both in milliseconds, and
``tcpi_data_segs_in`` and ``tcpi_data_segs_out``."""

_RESET = struct.pack("@ii", 1, 0)
"""``SO_LINGER`` without a time to linger: what was not taken is thrown away, and memory is free at once."""

_MILLISECONDS = 1_000
_UNSENT = getattr(socket, "TCP_NOTSENT_LOWAT", 25)


class Accepted(Struct, frozen=True, kw_only=True):
    """A connection that was accepted.

    ``idle`` is in seconds since anything came or went; ``is_waiting`` that something came which has not been answered.
    """

    file: int
    peer: Peer
    idle: float
    is_waiting: bool


def listening_ports(*, other_than: int | None, user_timeout: int, unsent: int) -> set[int]:
    """Return the ports that clients connect to, after giving those sockets the options of all their connections.

    What is set on a listening socket holds for every connection that it accepts. Whoever takes nothing for
    ``user_timeout`` seconds is given up by the kernel (RFC 5482; Linux counts a window that stays closed, too), and the
    kernel keeps no more than ``unsent`` bytes that do not fit into the peer's window. ``other_than`` is the port on
    which metrics are served.
    """
    ports: set[int] = set()
    for _, own in _tcp_sockets():
        port = own.getsockname()[1]
        if port != other_than and own.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            ports.add(port)
            for option, value in ((socket.TCP_USER_TIMEOUT, user_timeout * _MILLISECONDS), (_UNSENT, unsent)):
                with suppress(OSError):  # not every sandbox that looks like Linux knows them all
                    own.setsockopt(socket.IPPROTO_TCP, option, value)
    return ports


def accepted(ports: Collection[int]) -> list[Accepted]:
    """Return the connections that came in at these ports."""
    found: list[Accepted] = []
    for file, own in _tcp_sockets():
        with suppress(OSError):  # it listens, or its client has gone
            if own.getsockname()[1] in ports:
                peer = _peer(own)
                info = own.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size)
                sent, received, parts_in, parts_out = _INFO.unpack(info)
                found.append(
                    Accepted(
                        file=file,
                        peer=peer,
                        idle=min(sent, received) / _MILLISECONDS,
                        is_waiting=parts_in > 0 and (parts_out == 0 or received < sent),
                    )
                )
    return found


def reset(connection: Accepted) -> bool:
    """End a connection now, and tell whether it was still there; the server that it belongs to notices."""
    try:
        with _copy(connection.file) as own:
            if _peer(own) != connection.peer:  # the number belongs to something else by now
                return False
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            own.shutdown(socket.SHUT_RDWR)
    except OSError:
        return False
    return True


def _tcp_sockets() -> Iterator[tuple[int, socket.socket]]:
    """Yield a copy of each, for as long as it is looked at.

    Nothing else is ever copied: with the copy of a file, the process would close its locks of it, those by which
    SQLite knows that the database is in use (fcntl(2), "Advisory record locking").
    """
    for name in os.listdir(_OWN_FILES):  # noqa: PTH208 - a Path for each of thousands of numbers is what would cost
        with suppress(OSError):  # closed meanwhile, or not connected any more
            if _is_socket(int(name)):
                with _copy(int(name)) as own:
                    if own.family in {socket.AF_INET, socket.AF_INET6} and own.type == socket.SOCK_STREAM:
                        yield int(name), own


@contextmanager
def _copy(file: int) -> Generator[socket.socket]:
    copy = os.dup(file)
    if not _is_socket(copy):  # the number belongs to a file by now: its copy stays open, see ``_tcp_sockets``
        raise OSError(errno.ENOTSOCK, os.strerror(errno.ENOTSOCK))
    with socket.socket(fileno=copy) as own:
        yield own


def _is_socket(file: int) -> bool:
    return stat.S_ISSOCK(os.fstat(file).st_mode)


def _peer(own: socket.socket) -> Peer:
    host, port = own.getpeername()[:2]
    return host, port
