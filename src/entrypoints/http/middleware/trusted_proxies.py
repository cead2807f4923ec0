"""Who really asks, over what and at which path, where a reverse proxy stands in between."""

import re
from collections.abc import Awaitable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Any, NamedTuple, cast

from litestar.types import HTTPScope, Receive, Send

from entrypoints.environment import MAX_PREFIX_LENGTH, Network, is_path_prefix
from entrypoints.http.context import context_of
from entrypoints.http.middleware import HttpApp

_FOR, _PROTO, _PREFIX = b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-prefix"

_IN_BRACKETS = re.compile(r"\[([^\[\]]+)\](?::[0-9]{1,5})?")
_WITH_PORT = re.compile(r"([0-9.]+):[0-9]{1,5}")
_MAX_HOP_LENGTH = 64
"""Characters; an IPv6 address in brackets with its port has 53 at the most."""

_HOP_CACHE_SIZE = 4_096
"""Addresses whose place is remembered; half a megabyte."""


class _Hop(NamedTuple):
    """An address on the way of a request, in its one spelling."""

    address: str
    is_trusted: bool


class TrustedProxies:
    """Puts the client's address and scheme into the scope, in place of those of the proxies that are trusted.

    The path under which the client calls the service (``X-Forwarded-Prefix``) gets into the context, in place of the
    one in the settings; a proxy that says it has taken it away.

    Each proxy appends to ``X-Forwarded-For`` whom it got the request from. So the list is read from its end, and only
    as far as trusted proxies go: what stands before the first stranger is the stranger's own invention. What is no
    address (``unknown``, say) ends the walk, too. Other peers are clients, and their ``X-Forwarded-*`` mean nothing.
    """

    def __init__(self, app: HttpApp, networks: tuple[Network, ...]) -> None:
        self.app = app
        self._networks = networks
        self._hop = lru_cache(_HOP_CACHE_SIZE)(self._parsed_hop)

    def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on, as the client's own."""
        peer = scope["client"]
        # There is none on a Unix socket, where nobody can tell who is at the other end.
        if peer is not None and (hop := self._hop(peer[0])) and hop.is_trusted:
            context_of(scope).peer = peer  # whoever closes the connection has to know it
            self._rewrite(cast("dict[str, Any]", scope))
        return self.app(scope, receive, send)

    def _rewrite(self, scope: dict[str, Any]) -> None:
        words = _forwarded(scope)
        hops, schemes, prefixes = words[_FOR], words[_PROTO], words[_PREFIX]
        distance = 0
        for distance, text in enumerate(reversed(hops)):  # noqa: B007 - used below: how far the client is away
            hop = self._hop(text.strip().decode("latin-1")) if len(text) <= _MAX_HOP_LENGTH else None
            if hop is None:
                break
            scope["client"] = (hop.address, 0)
            if not hop.is_trusted:
                break
        if schemes:
            scheme = _word_of(schemes, distance).lower()
            if scheme in {b"http", b"https"}:
                scope["scheme"] = scheme.decode()
        if prefixes:
            word = _word_of(prefixes, distance)[: MAX_PREFIX_LENGTH + 2].decode("latin-1")
            prefix = word.removesuffix("/")
            if word == "/" or is_path_prefix(prefix):
                context_of(cast("HTTPScope", scope)).prefix = prefix

    def _parsed_hop(self, text: str) -> _Hop | None:
        """Return what an address stands for, written as ``X-Forwarded-For`` has it; ``None`` if it is none."""
        match = _IN_BRACKETS.fullmatch(text) or _WITH_PORT.fullmatch(text)
        text = match[1] if match else text
        try:
            address = ip_address(text)
        except ValueError:
            return None
        if isinstance(address, IPv6Address):
            if address.scope_id is not None:  # any text may stand there
                return None
            address = address.ipv4_mapped or address
        return _Hop(str(address), any(address in network for network in self._networks))


def _forwarded(scope: dict[str, Any]) -> dict[bytes, list[bytes]]:
    """Return what proxies have said; several lines are one list (RFC 9110, section 5.3)."""
    words: dict[bytes, list[bytes]] = {_FOR: [], _PROTO: [], _PREFIX: []}
    for name, value in scope["headers"]:
        if name in words:
            words[name] += value.split(b",")
    return words


def _word_of(words: list[bytes], distance: int) -> bytes:
    """Return what the proxy said that met the client, so many proxies away; not what the client said before it."""
    return words[-min(distance + 1, len(words))].strip()
