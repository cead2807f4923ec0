"""The access log: one line a request, and no query, body or header that could hold a secret."""

import structlog

from entrypoints.http.observation import ObservedRequest

_HEALTH = frozenset({"/health", "/health/ready"})
"""Routes that are asked every few seconds: to be read by those who look closer only."""

_LONGEST_USER_AGENT = 120
_LONGEST_PATH = 200
"""Characters."""


class AccessLog:
    """Writes a line for each request; see ``redaction`` for what is done to each value."""

    def __init__(self) -> None:
        self._logger = structlog.get_logger().bind(logger="access")

    def __call__(self, request: ObservedRequest) -> None:
        """Write the line. The route tells paths apart; the path says which thing it was."""
        write = self._logger.debug if request.route in _HEALTH else self._logger.info
        write(
            "Request",
            method=request.method,
            route=request.route,
            path=request.path[:_LONGEST_PATH],
            status=request.status,
            duration_ms=round(request.duration * 1000, 2),
            request_id=request.id,
            account_id=request.account_id,
            client=request.client,
            user_agent=request.user_agent and request.user_agent[:_LONGEST_USER_AGENT],
        )
