"""The access log: one line a request, and no query, body or header that could hold a secret."""

import time
from collections.abc import Callable

import structlog

from entrypoints.http.middleware.observation import ObservedRequest
from entrypoints.http.throttle import Throttle

_HEALTH = frozenset({"/health", "/health/ready"})
"""Routes that are asked every few seconds: to be read by those who look closer only."""

_MAX_USER_AGENT_LENGTH = 120
_MAX_PATH_LENGTH = 200
"""Characters."""


class AccessLog:
    """Writes a line for each request; see ``redaction`` for what is done to each value.

    Of requests that are refused because a client makes too many, one line a second stands for all: whoever floods the
    service would fill the disk of its log, too. ``unlogged`` says how many went without a line before it.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._logger = structlog.get_logger().bind(logger="access")
        self._refusals = Throttle(seconds=1, monotonic=monotonic)
        self._unlogged = 0

    def __call__(self, request: ObservedRequest) -> None:
        """Write the line. The route tells paths apart; the path says which thing it was."""
        more: dict[str, object] = {}
        if request.rate_limited_by is not None:
            if not self._refusals.is_due(None):
                self._unlogged += 1
                return
            more = {"rate_limited_by": request.rate_limited_by, "unlogged": self._unlogged}
            self._unlogged = 0
        write = self._logger.debug if request.name in _HEALTH else self._logger.info
        write(
            "Request",
            method=request.method,
            route=request.name,
            path=request.path[:_MAX_PATH_LENGTH],
            status=request.status,
            duration_ms=round(request.duration * 1000, 2),
            request_id=request.id,
            account_id=request.account_id,
            client=request.client,
            user_agent=request.user_agent and request.user_agent[:_MAX_USER_AGENT_LENGTH],
            **more,
        )
