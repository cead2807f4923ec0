"""Which instruments there are, as the settings want it. Those that are off are not even imported."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from entrypoints.http.access_log import AccessLog
from entrypoints.http.middleware import Layer
from entrypoints.http.middleware.observation import Observation
from entrypoints.services import Services
from entrypoints.settings import Settings

if TYPE_CHECKING:
    from entrypoints.http.metrics import HttpMetrics
    from entrypoints.observability.error_tracking import ErrorTracking
    from entrypoints.observability.metrics import Metrics
    from entrypoints.observability.tracing import Tracing

_log = logging.getLogger(__name__)


class Instruments:
    """The access log, metrics, error tracking and tracing of a process that serves HTTP."""

    def __init__(self, settings: Settings) -> None:
        self._access_log = AccessLog() if settings.access_log else None
        self._metrics = _metrics(settings)
        self._errors = _error_tracking(settings)
        self._tracing = _tracing(settings)

    def layers(self) -> list[Layer]:
        """Return what observes requests, from outside in."""
        metrics = None if self._metrics is None else self._metrics[1]
        observers = [observer for observer in (self._access_log, metrics, self._errors) if observer is not None]
        layers: list[Layer] = []
        if observers:
            layers.append(partial(Observation, observers=observers, in_flight=metrics and metrics.in_flight))
        if self._tracing is not None:
            from entrypoints.http.middleware.tracing import TracedRequests  # noqa: PLC0415 - see the module

            layers.append(partial(TracedRequests, provider=self._tracing.provider))
        return layers

    @asynccontextmanager
    async def running(self, services: Services) -> AsyncGenerator[None]:
        """Let the instruments work until the block is left; then nothing they know is lost."""
        async with AsyncExitStack() as stack:
            if self._access_log is not None:
                stack.callback(self._access_log.flush)
            if self._tracing is not None:
                stack.push_async_callback(asyncio.to_thread, self._tracing.close)
            if self._errors is not None:
                stack.push_async_callback(asyncio.to_thread, self._errors.close)
            if self._metrics is not None:
                metrics, http_metrics = self._metrics
                sample = partial(http_metrics.sample, services)
                await stack.enter_async_context(metrics.sampled(services.pool_usage, sample))
                try:
                    stack.enter_context(metrics.served())
                except OSError:  # no reason not to serve requests
                    _log.exception("Metrics cannot be served")
            yield


def _metrics(settings: Settings) -> "tuple[Metrics, HttpMetrics] | None":
    if settings.metrics_port is None:
        return None
    from entrypoints.http.metrics import HttpMetrics  # noqa: PLC0415 - see the module
    from entrypoints.observability.metrics import Metrics  # noqa: PLC0415 - see the module

    metrics = Metrics(host=settings.metrics_host, port=settings.metrics_port, token=settings.metrics_token)
    return metrics, HttpMetrics(metrics)


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
