"""What Prometheus is told. Every label has few values, whatever clients send."""

import asyncio
import os
import re
import time
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead  # pyright: ignore[reportUnknownVariableType] - no types

from entrypoints.http.observation import ObservedRequest, known_method
from entrypoints.observability.metrics_directory import VARIABLE
from entrypoints.observability.metrics_server import serving_metrics
from entrypoints.services import CloseReason, Services
from entrypoints.version import VERSION

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Upper bounds in seconds; the last is the time a request may take."""

_LOGIN = "/auth/login"
_REFUSED = 401

_SAMPLE_INTERVAL = 2
"""Seconds between two looks at the pool and the process."""

_STATM = Path("/proc/self/statm")
_LIVE_GAUGES = re.compile(r"gauge_live[a-z]*_(?P<pid>[0-9]+)\.db")


class _Series(NamedTuple):
    """What requests with the same labels add to."""

    total: Counter
    duration: Histogram


class Metrics:
    """The metrics of this worker; ``exposition`` has those of all workers.

    Several workers meet in the files of one directory, which ``todo-api serve`` makes anew. What a worker counted
    stays when it dies; what was there now, like its requests in flight, goes with it.
    """

    def __init__(self, *, host: str, port: int, token: str | None = None) -> None:
        self._served_at = (host, port, token)
        self._directory = os.environ.get(VARIABLE)
        if self._directory is not None:
            mark_process_dead(os.getpid(), self._directory)  # who had this id before
        registry = self._registry = CollectorRegistry()
        self._requests = Counter(
            "http_requests", "Requests that are over.", ("method", "route", "status"), registry=registry
        )
        self._duration = Histogram(
            "http_request_duration_seconds",
            "Time from a request's arrival to the end of its answer.",
            ("method", "route", "status"),
            buckets=_BUCKETS,
            registry=registry,
        )
        self._rate_limited = Counter(
            "rate_limited", "Requests refused because a quota was used up.", ("quota",), registry=registry
        )
        self._logins_failed = Counter("logins_failed", "Sign-ins with wrong credentials.", registry=registry)
        self._cpu = Counter("process_cpu_seconds", "Processor time of all workers.", registry=registry)
        self.in_flight = self._sum("http_requests_in_flight", "Requests that are being answered.")
        self._pool = (
            self._sum("database_pool_limit", "Connections to the database there may be."),
            self._sum("database_pool_size", "Connections to the database that are open."),
            self._sum("database_pool_in_use", "Those that execute, or are in a transaction."),
            self._sum("database_pool_idle", "Those that nobody uses."),
            self._sum("database_pool_waiting", "How many wait for a connection."),
        )
        self._requests_at_work = self._sum("requests_at_work", "Requests that have their turn.")
        self._requests_waiting = self._sum("requests_waiting", "Requests that wait for others of the same client.")
        self._body_bytes = self._sum(
            "request_body_bytes", "Bytes of bodies that arrive, without the first few of each."
        )
        self._connections = self._sum("client_connections", "Connections of clients that are open.")
        self._unread = self._sum("unread_answer_bytes", "Bytes of large answers that are still to be read.")
        self._closed = Counter(
            "client_connections_closed",
            "Connections of clients that were closed on them.",
            ("reason",),
            registry=registry,
        )
        self._closed_told: dict[CloseReason, int] = dict.fromkeys(get_args(CloseReason), 0)
        for reason in self._closed_told:
            self._closed.labels(reason)  # at 0, so that the first one can be seen as an increase
        self._memory = Gauge(
            "process_resident_memory_bytes", "Of each worker.", multiprocess_mode="liveall", registry=registry
        )
        started = Gauge(
            "process_start_time_seconds",
            "When each worker started, since 1970.",
            multiprocess_mode="liveall",
            registry=registry,
        )
        started.set(time.time())
        build = Gauge("build_info", "What is running.", ("version",), multiprocess_mode="livemax", registry=registry)
        build.labels(VERSION).set(1)
        self._series: dict[tuple[str, str, int], _Series] = {}
        self._cpu_told = 0.0

    def __call__(self, request: ObservedRequest) -> None:
        """Count a request that is over."""
        key = (known_method(request.method), request.route, request.status)
        series = self._series.get(key)
        if series is None:
            series = self._new_series(*key)
        series.total.inc()
        series.duration.observe(request.duration)
        if request.rate_limited_by is not None:
            self._rate_limited.labels(request.rate_limited_by).inc()
        if request.status == _REFUSED and request.route == _LOGIN:
            self._logins_failed.inc()

    def exposition(self) -> bytes:
        """Return the metrics of all workers in Prometheus' text format."""
        if self._directory is None:
            return generate_latest(self._registry)
        _forget_the_dead(self._directory)
        everybody = CollectorRegistry()
        MultiProcessCollector(everybody, self._directory)
        return generate_latest(everybody)

    def served(self) -> AbstractContextManager[int]:
        """Answer Prometheus until the block is left.

        :raises OSError: if the port belongs to somebody else.
        """
        host, port, token = self._served_at
        return serving_metrics(self.exposition, host=host, port=port, token=token)

    @asynccontextmanager
    async def sampled(self, services: Services) -> AsyncGenerator[None]:
        """Look at the services and the process every now and then, until the block is left."""

        async def sample_forever() -> None:
            while True:
                self._sample(services)
                await asyncio.sleep(_SAMPLE_INTERVAL)

        sampling = asyncio.create_task(sample_forever())
        try:
            yield
        finally:
            sampling.cancel()
            with suppress(asyncio.CancelledError):
                await sampling
            if self._directory is not None:
                mark_process_dead(os.getpid(), self._directory)

    def _sample(self, services: Services) -> None:
        self._requests_at_work.set(services.requests.running)
        self._requests_waiting.set(services.requests.waiting)
        self._body_bytes.set(services.bodies.used)
        self._connections.set(services.connections.open)
        self._unread.set(services.unread_answers.total)
        for reason, closed in services.connections.closed.items():
            self._closed.labels(reason).inc(closed - self._closed_told[reason])
            self._closed_told[reason] = closed
        pool = services.pool_usage()
        if pool is not None:
            usage = (pool.limit, pool.size, pool.size - pool.idle, pool.idle, pool.waiting)
            for gauge, connections in zip(self._pool, usage, strict=True):
                gauge.set(connections)
        used = time.process_time()
        self._cpu.inc(used - self._cpu_told)
        self._cpu_told = used
        with suppress(OSError):  # only Linux tells
            self._memory.set(int(_STATM.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE"))

    def _new_series(self, method: str, route: str, status: int) -> _Series:
        series = self._series[method, route, status] = _Series(
            self._requests.labels(method, route, str(status)),
            self._duration.labels(method, route, f"{status // 100}xx"),
        )
        return series

    def _sum(self, name: str, meaning: str) -> Gauge:
        return Gauge(name, meaning, multiprocess_mode="livesum", registry=self._registry)


def _forget_the_dead(directory: str) -> None:
    """Remove what workers that were killed left as if it were still there."""
    for path in Path(directory).iterdir():
        match = _LIVE_GAUGES.fullmatch(path.name)
        if match is not None and not _is_alive(int(match["pid"])):
            mark_process_dead(int(match["pid"]), directory)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
