"""What Prometheus is told of a process and of what it does. Every label has few values, whatever clients send."""

import asyncio
import os
import re
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead  # pyright: ignore[reportUnknownVariableType] - no types

from domain.concurrency.pool import PoolUsage
from entrypoints.observability.event_loop import EventLoopLag
from entrypoints.observability.metrics_directory import VARIABLE
from entrypoints.observability.metrics_server import serving_metrics
from entrypoints.observability.operations import Operation
from entrypoints.version import VERSION

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Upper bounds in seconds; the last is the time a request may take."""

_SAMPLE_INTERVAL = 2
"""Seconds between two looks at the pool and the process."""

_STATM = Path("/proc/self/statm")
_LIVE_GAUGES = re.compile(r"gauge_live[a-z]*_(?P<pid>[0-9]+)\.db")


class _Series(NamedTuple):
    """What operations with the same labels add to."""

    total: Counter
    duration: Histogram


class OperationMetrics:
    """Counts the operations of one kind, and adds up how long they take. ``in_flight`` are those under way."""

    def __init__(self, total: Counter, duration: Histogram, in_flight: Gauge) -> None:
        self._total = total
        self._duration = duration
        self.in_flight = in_flight
        self._series: dict[Sequence[str], _Series] = {}

    def __call__(self, operation: Operation) -> None:
        """Count an operation that is over."""
        labels = operation.labels
        series = self._series.get(labels)
        if series is None:
            series = self._series[labels] = _Series(
                self._total.labels(*labels), self._duration.labels(*operation.duration_labels)
            )
        series.total.inc()
        series.duration.observe(operation.duration)


class Metrics:
    """The metrics of this process; ``exposition`` has those of all processes of one service.

    Several of them meet in the files of one directory, which ``todo-api serve`` makes anew. What a process counted
    stays when it dies; what was there now, like its requests in flight, goes with it.
    """

    def __init__(self, *, host: str, port: int, token: str | None = None) -> None:
        self._served_at = (host, port, token)
        self._directory = os.environ.get(VARIABLE)
        if self._directory is not None:
            mark_process_dead(os.getpid(), self._directory)  # who had this id before
        registry = self._registry = CollectorRegistry()
        self._cpu = Counter("process_cpu_seconds", "Processor time of all workers.", registry=registry)
        self._pool = (
            self.sum("database_pool_limit", "Connections to the database there may be."),
            self.sum("database_pool_size", "Connections to the database that are open."),
            self.sum("database_pool_in_use", "Those that execute, or are in a transaction."),
            self.sum("database_pool_idle", "Those that nobody uses."),
            self.sum("database_pool_waiting", "How many wait for a connection."),
        )
        self._memory = Gauge(
            "process_resident_memory_bytes", "Of each worker.", multiprocess_mode="liveall", registry=registry
        )
        self._lag = Gauge(
            "event_loop_lag_seconds",
            "How late the event loop of each worker was at the most, within the last minute.",
            multiprocess_mode="liveall",  # a sum or a mean would hide the one that is blocked
            registry=registry,
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
        self._cpu_told = 0.0

    def operations(
        self, name: str, meaning: str, labels: Sequence[str], *, duration: str, under_way: str
    ) -> OperationMetrics:
        """Return the metrics of a kind of operations: ``{name}s``, ``{name}_duration_seconds``, ``{name}s_in_flight``.

        ``meaning``, ``duration`` and ``under_way`` say what these three are, in this order.
        """
        return OperationMetrics(
            Counter(f"{name}s", meaning, labels, registry=self._registry),
            Histogram(f"{name}_duration_seconds", duration, labels, buckets=_BUCKETS, registry=self._registry),
            self.sum(f"{name}s_in_flight", under_way),
        )

    def counter(self, name: str, meaning: str, labels: Sequence[str] = ()) -> Counter:
        """Return something that is counted and never becomes less."""
        return Counter(name, meaning, labels, registry=self._registry)

    def sum(self, name: str, meaning: str) -> Gauge:
        """Return a number of things that are there now, those of all processes together."""
        return Gauge(name, meaning, multiprocess_mode="livesum", registry=self._registry)

    def exposition(self) -> bytes:
        """Return the metrics of all processes in Prometheus' text format."""
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
    async def sampled(
        self, pool_usage: Callable[[], PoolUsage | None], *others: Callable[[], None]
    ) -> AsyncGenerator[None]:
        """Look at the process, at its pool and at what ``others`` look at every now and then, until the block ends."""
        lag = EventLoopLag()

        async def sample_forever() -> None:
            while True:
                self._sample(pool_usage(), lag)
                for sample in others:
                    sample()
                await asyncio.sleep(_SAMPLE_INTERVAL)

        try:
            async with _beside(lag.watch()), _beside(sample_forever()):
                yield
        finally:
            if self._directory is not None:
                mark_process_dead(os.getpid(), self._directory)

    def _sample(self, pool: PoolUsage | None, lag: EventLoopLag) -> None:
        self._lag.set(lag.largest)
        if pool is not None:
            usage = (pool.limit, pool.size, pool.size - pool.idle, pool.idle, pool.waiting)
            for gauge, connections in zip(self._pool, usage, strict=True):
                gauge.set(connections)
        used = time.process_time()
        self._cpu.inc(used - self._cpu_told)
        self._cpu_told = used
        with suppress(OSError):  # only Linux tells
            self._memory.set(int(_STATM.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE"))


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    """Do something that has no end until the block is left."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


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
