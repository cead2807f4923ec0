"""One measurement: load on one service, and what it takes of the processors."""

import time
from math import ceil
from random import Random

import psutil
from msgspec import Struct

from bench.database import Rows
from bench.load import load
from bench.operations import Operation
from bench.report import Figures
from bench.servers import Server

_FASTEST = 20_000
"""Requests per second that are made ready; a service that is faster still is measured for a shorter time."""


class Plan(Struct, frozen=True):
    """What is measured, for how long (in seconds), and on which cores; ``warm_up`` is the same load before that."""

    rows: Rows
    connections: int
    repeats: int
    seconds: float
    worker_core: int
    other_cores: list[int]
    warm_up: float = 0.5


async def measure(server: Server, operation: Operation, plan: Plan, *, repeat: int) -> Figures:
    """Put load on one service, after a short warm-up; every repeat and service has requests of its own."""
    random = Random(f"{operation.name}, {server.service.name}, {repeat}")
    count = ceil(_FASTEST * (plan.warm_up + plan.seconds))
    requests = iter([operation.call(server.service, plan.rows, random).encoded() for _ in range(count)])
    await load(server.port, requests, connections=plan.connections, seconds=plan.warm_up, status=operation.status)
    before = _clocks(server, plan)
    outcome = await load(
        server.port, requests, connections=plan.connections, seconds=plan.seconds, status=operation.status
    )
    worker, generator, others = (after - earlier for after, earlier in zip(_clocks(server, plan), before, strict=True))
    served = len(outcome.latencies)
    return Figures(
        requests_per_second=served / outcome.seconds,
        p50_ms=outcome.latencies[served * 50 // 100] * 1e3,
        p99_ms=outcome.latencies[served * 99 // 100] * 1e3,
        cpu_us_per_request=worker / served * 1e6,
        rss_mib=server.worker.memory_info().rss / 2**20,
        worker_percent=worker / outcome.seconds * 100,
        load_percent=generator / outcome.seconds * 100,
        others_percent=others / outcome.seconds * 100,
    )


def _clocks(server: Server, plan: Plan) -> tuple[float, float, float]:
    """Return the seconds that the worker, the load generator and the cores besides the worker's have worked."""
    cores = psutil.cpu_times(percpu=True)
    others = sum(sum(cores[core][:7]) - cores[core].idle - cores[core].iowait for core in plan.other_cores)
    return _cpu_seconds(server.worker.pid), time.process_time(), others


def _cpu_seconds(pid: int) -> float:
    """Return how long a process has worked, all of its threads, to the nanosecond.

    The files in /proc count hundredths of a second. Linux has a clock for each process: this is clock_getcpuclockid.
    """
    return time.clock_gettime(~pid << 3 | 2)
