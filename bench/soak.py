"""Hold a load for long, and see that the memory of the workers does not grow: see ``python -m bench.soak --help``."""

import asyncio
import re
import sys
from collections.abc import Iterator
from itertools import combinations
from random import Random
from statistics import median
from time import perf_counter

import click
import psutil
import uvloop
from msgspec import Struct, field

from bench.contenders import todo_api
from bench.database import Rows, database, execute, postgresql
from bench.mix import SHARES, Mix, Step
from bench.run import leave_a_core
from bench.servers import Server, ServiceError, serving

ROWS = Rows(owners=1_000, todos=100_000)
CONNECTIONS = 16
_WARM_UP = 5
"""Seconds of load before the capacity is measured, and of measuring it."""

_SAMPLE_INTERVAL = 1
"""Seconds between two looks at the memory."""

_REST = 3
"""Seconds after the load."""


_STATUS = slice(9, 12)
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)


class Figures(Struct):
    """What came of a load: the seconds that each answer took, by kind, and what was wrong with others."""

    latencies: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in SHARES})
    errors: list[str] = field(default_factory=list[str])
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Requests a second that were answered as they should be."""
        return sum(map(len, self.latencies.values())) / self.seconds


class Memory(Struct):
    """The resident memory of a process: when it was looked at, in minutes, and how much it was, in MiB."""

    process: psutil.Process
    minutes: list[float] = field(default_factory=list[float])
    mebibytes: list[float] = field(default_factory=list[float])
    at_rest: float = 0.0
    """MiB when nothing was asked any more: no password was being hashed then."""

    def now(self) -> float:
        """Return how many MiB there are now."""
        return self.process.memory_info().rss / 2**20

    @property
    def growth(self) -> float:
        """MiB a minute in the second half; the first one fills caches.

        It is the median of what is between any two looks (Theil and Sen): the 64 MiB that a password takes while it is
        hashed are seen by few of them.
        """
        half = len(self.minutes) // 2
        looks = zip(self.minutes[half:], self.mebibytes[half:], strict=True)
        return median((later[1] - earlier[1]) / (later[0] - earlier[0]) for earlier, later in combinations(looks, 2))


@click.command()
@click.option("--seconds", default=300.0, show_default=True, type=click.FloatRange(10), help="How long to hold it.")
@click.option("--rate", type=click.FloatRange(1), help="Requests a second; else a fraction of what is measured first.")
@click.option("--fraction", default=0.9, show_default=True, type=click.FloatRange(0.01, 1), help="Of the capacity.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes that serve.")
@click.option("--most-growth", default=1.0, show_default=True, help="MiB a minute that a worker may grow by.")
def main(*, seconds: float, rate: float | None, fraction: float, workers: int, most_growth: float) -> None:
    """Hold a load on the service and a PostgreSQL, and print what it took as Markdown.

    The workers share a core, the load and the database have the others. Exits with status 1 if a request fails, or
    if a worker grows by more than it may in the second half.
    """
    worker_core, other_cores = leave_a_core()
    try:
        with postgresql(other_cores) as url, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            figures, memories = runner.run(_soak(url, worker_core, seconds, rate, fraction, workers))
    except (ServiceError, OSError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(report(figures, memories))
    for error in figures.errors[:10]:
        click.echo(f"FAILED: {error}", err=True)
    grown = [memory for memory in memories if memory.growth > most_growth]
    for memory in grown:
        click.echo(f"GROWS: process {memory.process.pid}, by {memory.growth:.2f} MiB a minute", err=True)
    sys.exit(bool(figures.errors or grown))


async def _soak(
    url: str, core: int, seconds: float, rate: float | None, fraction: float, workers: int
) -> tuple[Figures, list[Memory]]:
    async with database(url, ROWS) as dsn:
        await execute(dsn, "ALTER TABLE todos RESET (autovacuum_enabled)")  # as it runs when nobody measures
        service = todo_api(dsn, ROWS)
        service = service._replace(environment=service.environment | {"WORKERS": str(workers)})
        with serving(service, core) as server:
            steps = iter(Mix(server, ROWS, Random("soak")))
            await hold(server.port, steps, rate=rate, seconds=_WARM_UP)
            if rate is None:
                capacity = (await hold(server.port, steps, rate=None, seconds=_WARM_UP)).rate
                click.echo(f"The capacity is {capacity:,.0f} requests/s.", err=True)
                rate = capacity * fraction
            memories = [Memory(process) for process in _workers(server)]
            sampling = asyncio.create_task(_sample(memories))
            figures = await hold(server.port, steps, rate=rate, seconds=seconds)
            sampling.cancel()
            await asyncio.sleep(_REST)
            for memory in memories:
                memory.at_rest = memory.now()
            return figures, memories


async def hold(port: int, steps: Iterator[Step], *, rate: float | None, seconds: float) -> Figures:
    """Make so many requests a second for so long; without a rate, as many as are answered.

    A connection that is late makes its next request at once, but never catches up on more than a second.
    """
    figures, started = Figures(), perf_counter()
    pause = CONNECTIONS / rate if rate else 0.0

    async def be_a_client(number: int) -> None:
        due = started + pause * number / CONNECTIONS
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (now := perf_counter()) < started + seconds:
            await asyncio.sleep(max(0.0, due - now))
            due = max(due, now - 1) + pause
            await _take(next(steps), reader, writer, figures)
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(be_a_client(number) for number in range(CONNECTIONS)))
    figures.seconds = perf_counter() - started
    return figures


async def _take(step: Step, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, figures: Figures) -> None:
    sent = perf_counter()
    status, body = await exchange(reader, writer, step.request)
    if status == step.status:
        figures.latencies[step.kind].append(perf_counter() - sent)
        step.learn(body)
    else:
        figures.errors.append(f"{step.kind}: {status.decode()} {body.decode(errors='replace')}")


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> tuple[bytes, bytes]:
    """Make a request on a connection that is open; return the status and the body of the answer."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return head[_STATUS], await reader.readexactly(int(length[1])) if length else b""


async def _sample(memories: list[Memory]) -> None:
    started = perf_counter()
    while True:
        for memory in memories:
            memory.minutes.append((perf_counter() - started) / 60)
            memory.mebibytes.append(memory.now())
        await asyncio.sleep(_SAMPLE_INTERVAL)


def _workers(server: Server) -> list[psutil.Process]:
    """Return the processes that listen."""
    parent = server.worker.parent()
    family = parent.children() if parent else []
    return [process for process in family if process.net_connections("tcp")] or [server.worker]


def report(figures: Figures, memories: list[Memory]) -> str:
    """Return the tables."""
    held = f"{figures.rate:,.0f} requests/s on {CONNECTIONS} connections for {figures.seconds:,.0f} s"
    lines = [f"{held}, {len(figures.errors)} failed.", ""]
    lines += ["| request | answered | p50 ms | p95 ms | p99 ms | slowest ms |", "|---|--:|--:|--:|--:|--:|"]
    for kind, latencies in figures.latencies.items():
        ordered = sorted(latencies) or [0.0]
        points = [ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.95, 0.99, 1)]
        cells = " | ".join(f"{point * 1e3:.1f}" for point in points)
        lines.append(f"| {kind} | {len(latencies):,} | {cells} |")
    lines += ["", "| worker | RSS MiB at first | at half-time | at the end | at rest | growth MiB/min |"]
    lines.append("|---|--:|--:|--:|--:|--:|")
    for number, memory in enumerate(memories, 1):
        first, half, last = (memory.mebibytes[index] for index in (0, len(memory.mebibytes) // 2, -1))
        figures_of_one = (first, half, last, memory.at_rest)
        lines.append(f"| {number} | {' | '.join(f'{each:.1f}' for each in figures_of_one)} | {memory.growth:+.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
