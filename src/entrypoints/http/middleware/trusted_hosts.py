"""Under which names the service may be asked."""

import re
from collections.abc import Awaitable
from functools import lru_cache

from litestar.status_codes import HTTP_400_BAD_REQUEST
from litestar.types import HTTPScope, Receive, Send

from entrypoints.http.context import context_of
from entrypoints.http.middleware import HttpApp
from entrypoints.http.refusals import refuse

_HOST_CACHE_SIZE = 64
"""Host headers whose meaning is remembered; most clients send the same one."""

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]{1,255})(:[0-9]{0,5})?")


class TrustedHosts:
    """Refuses requests for another host, and notes the host of the others in the context.

    Probes of the health know an address only, and come from inside. ``is_required`` is whether also a client that is
    too old to name a host has to.
    """

    def __init__(self, app: HttpApp, *, allowed_hosts: tuple[str, ...], is_required: bool) -> None:
        self.app = app
        self._allowed_hosts = None if "*" in allowed_hosts else tuple(host.lower() for host in allowed_hosts)
        self._is_required = is_required or self._allowed_hosts is not None
        self._name = lru_cache(_HOST_CACHE_SIZE)(self._checked_name)

    def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on, or answer it here."""
        if not scope["path"].startswith("/health"):
            host = self._host(scope)
            if host is None:
                return refuse(
                    scope,
                    receive,
                    send,
                    HTTP_400_BAD_REQUEST,
                    code="unknown_host",
                    detail="This service is not called by that name.",
                )
            context_of(scope).host = host
        return self.app(scope, receive, send)

    def _host(self, scope: HTTPScope) -> str | None:
        """Return the host that was asked for, without its port; ``None`` if it is none of ours or not clear.

        A request of HTTP/1.1 has exactly one Host header (RFC 9112, section 3.2). An older one may have none, as long
        as nobody cares.
        """
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) == 1:
            return self._name(hosts[0])
        is_old = not hosts and scope["http_version"] in {"1.0", "1"}  # as the server calls it
        return "" if is_old and not self._is_required else None

    def _checked_name(self, host: bytes) -> str | None:
        match = _HOST.fullmatch(host.decode("latin-1").lower())
        if match is None:
            return None
        name = match["name"]
        is_ours = self._allowed_hosts is None or any(
            name == allowed or (allowed.startswith("*.") and name.endswith(allowed[1:]))
            for allowed in self._allowed_hosts
        )
        return name if is_ours else None
