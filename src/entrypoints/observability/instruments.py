"""Which instruments there are, as the settings want it. Those that are off are not even imported."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from litestar.types import ASGIApp

from entrypoints.http.observation import Observation, Observer
from entrypoints.observability.access_log import AccessLog
from entrypoints.services import Services
from entrypoints.settings import Settings

if TYPE_CHECKING:
    from entrypoints.observability.error_tracking import ErrorTracking
    from entrypoints.observability.metrics import Metrics
    from entrypoints.observability.tracing import Tracing

_log = logging.getLogger(__name__)


class Instruments:
    """The access log, metrics, error tracking and tracing of one process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._metrics = _metrics(settings)
        self._errors = _error_tracking(settings)
        self._tracing = _tracing(settings)

    def around(self, app: ASGIApp) -> ASGIApp:
        """Return the application with everything that observes it."""
        observers: list[Observer] = [AccessLog()] if self._settings.access_log else []
        observers += [observer for observer in (self._metrics, self._errors) if observer is not None]
        traced = app if self._tracing is None else self._tracing.around(app)
        return Observation(traced, observers, in_flight=self._metrics and self._metrics.in_flight)

    @asynccontextmanager
    async def running(self, services: Services) -> AsyncGenerator[None]:
        """Let the instruments work until the block is left; then nothing they know is lost."""
        async with AsyncExitStack() as stack:
            if self._tracing is not None:
                stack.push_async_callback(asyncio.to_thread, self._tracing.close)
            if self._errors is not None:
                stack.push_async_callback(asyncio.to_thread, self._errors.close)
            if self._metrics is not None:
                await stack.enter_async_context(self._metrics.sampled(services))
                try:
                    stack.enter_context(self._metrics.served())
                except OSError:  # no reason not to serve requests
                    _log.exception("Metrics cannot be served")
            yield


def _metrics(settings: Settings) -> "Metrics | None":
    if settings.metrics_port is None:
        return None
    from entrypoints.observability.metrics import Metrics  # noqa: PLC0415 - see the module

    return Metrics(host=settings.metrics_host, port=settings.metrics_port, token=settings.metrics_token)


def _error_tracking(settings: Settings) -> "ErrorTracking | None":
    if settings.sentry_dsn is None:
        return None
    from entrypoints.observability.error_tracking import ErrorTracking  # noqa: PLC0415 - see the module

    return ErrorTracking(settings.sentry_dsn, environment=settings.environment)


def _tracing(settings: Settings) -> "Tracing | None":
    if settings.otlp_endpoint is None:
        return None
    from entrypoints.observability.tracing import Tracing  # noqa: PLC0415 - see the module

    return Tracing(settings.otlp_endpoint)
