"""The access log: one line a request, and no query, body or header that could hold a secret."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

import msgspec
import structlog
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict

from entrypoints.http.middleware.observation import ObservedRequest
from entrypoints.http.throttle import Throttle
from entrypoints.observability.log_lines import machine_lines

_HEALTH = frozenset({"/health", "/health/ready"})
"""Routes that are asked every few seconds: to be read by those who look closer only."""

_GIVEN = frozenset({"time", "level", "logger", "message"})
"""Fields of a line that structlog fills in by itself."""

_MAX_USER_AGENT_LENGTH = 120
_MAX_PATH_LENGTH = 200
"""Characters."""

_USER_AGENTS = 256
"""Names of programs that are remembered to be clean or not; most clients are one of a few."""


class AccessLine(Struct, frozen=True, kw_only=True, gc=False):
    """A line of the log in production, as structlog would write it."""

    time: datetime
    level: str = "info"
    logger: str = "access"
    message: str = "Request"
    method: str
    route: str
    path: str
    status: int
    duration_ms: float
    request_id: str
    account_id: int | None
    client: str | None
    user_agent: str | None
    rate_limited_by: str | UnsetType = UNSET
    unlogged: int | UnsetType = UNSET


_encode = msgspec.json.Encoder().encode


class AccessLog:
    """Writes a line for each request; see ``redaction`` for what is done to each value.

    Of requests that are refused because a client makes too many, one line a second stands for all: whoever floods the
    service would fill the disk of its log, too. ``unlogged`` says how many went without a line before it.

    In production nearly all lines need no redaction. They are encoded at once and written together, see ``log_lines``;
    the others take the long way, and those before them are written first.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._logger = structlog.get_logger().bind(logger="access")
        self._lines = machine_lines()
        self._is_clean_agent = lru_cache(_USER_AGENTS)(self._is_clean)
        self._refusals = Throttle(seconds=1, monotonic=monotonic)
        self._unlogged = 0

    def __call__(self, request: ObservedRequest) -> None:
        """Write the line. The route tells paths apart; the path says which thing it was."""
        unlogged: int | UnsetType = UNSET
        if request.rate_limited_by is not None:
            if not self._refusals.is_due(None):
                self._unlogged += 1
                return
            unlogged, self._unlogged = self._unlogged, 0
        line = _line(request, unlogged)
        if self._lines is None or request.name in _HEALTH:
            self._write(line)
        elif self._is_clean_agent(line.user_agent) and self._is_clean(f"{line.path}|{line.method}|{line.request_id}"):
            self._lines.add(_encode(line))
            if request.error is not None:
                self._lines.flush()
        else:
            self._lines.flush()
            self._write(line)

    def flush(self) -> None:
        """Write what waits to be written."""
        if self._lines is not None:
            self._lines.flush()

    def _is_clean(self, text: str | None) -> bool:
        return text is None or self._lines is None or self._lines.is_clean(text)

    def _write(self, line: AccessLine) -> None:
        values = {name: value for name, value in asdict(line).items() if value is not UNSET and name not in _GIVEN}
        write = self._logger.debug if line.route in _HEALTH else self._logger.info
        write(line.message, **values)


def _line(request: ObservedRequest, unlogged: int | UnsetType) -> AccessLine:
    return AccessLine(
        time=datetime.now(UTC),
        method=request.method,
        route=request.name,
        path=request.path[:_MAX_PATH_LENGTH],
        status=request.status,
        duration_ms=round(request.duration * 1000, 2),
        request_id=request.id,
        account_id=request.account_id,
        client=request.client,
        user_agent=request.user_agent and request.user_agent[:_MAX_USER_AGENT_LENGTH],
        rate_limited_by=UNSET if request.rate_limited_by is None else request.rate_limited_by,
        unlogged=unlogged,
    )
