"""Where a request comes from, as far as it can be held to account."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

_SUBSCRIBER = 64
"""Bits of an IPv6 address that are assigned; whoever has one address of such a network has all of them (RFC 6177)."""

_SITE = 48
"""Bits that all networks of one place have in common: 65,536 of them, the most that a site commonly gets (RFC 6177)."""


@lru_cache(maxsize=10_000)
def network_of(address: str | None) -> str:
    """Return what requests from an address are counted under: the address, or of an IPv6 address its /64 network.

    What is no address, such as the peer of a Unix socket, is one and the same unknown.
    """
    return _network(address, _SUBSCRIBER)


@lru_cache(maxsize=10_000)
def site_of(address: str | None) -> str:
    """Return where somebody can have many networks: the address, or of an IPv6 address its /48 network."""
    return _network(address, _SITE)


def _network(address: str | None, bits: int) -> str:
    try:
        ip = ip_address(address or "")
    except ValueError:
        return "unknown"
    if not isinstance(ip, IPv6Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    host = ip.max_prefixlen - bits
    return f"{IPv6Address(int(ip) >> host << host)}/{bits}"
