"""A run: contenders on one database, measured in turns."""

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine, Sequence
from contextlib import ExitStack
from typing import Any, TypeVar

import click
import uvloop

from bench.database import Rows
from bench.load import LoadError
from bench.measure import Plan, measure
from bench.operations import OPERATIONS, PAGE, check_alike
from bench.report import Comparison, Figures
from bench.servers import Service, ServiceError, serving

_STOPPED = 128 + signal.SIGTERM
_Result = TypeVar("_Result")


def plan_on_this_machine(rows: Rows, *, connections: int, repeats: int, seconds: float, warm_up: float = 0.5) -> Plan:
    """Return a plan with a core for the worker; this process moves to the others.

    :raises click.ClickException: if there is one core only, or no page can be full.
    """
    if rows.each < PAGE:
        raise click.UsageError(f"Each owner needs {PAGE} to-dos for a page.")
    worker_core, other_cores = leave_a_core()
    return Plan(rows, connections, repeats, seconds, worker_core, other_cores, warm_up)


def leave_a_core() -> tuple[int, list[int]]:
    """Return a core for the workers and all others, to which this process moves.

    :raises click.ClickException: if there is one core only.
    """
    worker_core, *other_cores = sorted(os.sched_getaffinity(0))
    if not other_cores:
        raise click.ClickException("Two cores are needed: one for the workers, one for the load and the database.")
    os.sched_setaffinity(0, other_cores)
    return worker_core, other_cores


def run(benchmark: Coroutine[Any, Any, _Result]) -> _Result:
    """Run it to its end, and end everything in good order if this process is asked to end."""

    async def cancellable() -> _Result:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - this is one
        for number in (signal.SIGTERM, signal.SIGHUP):  # Ctrl-C does it by itself
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        return await benchmark

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(cancellable())
    except (LoadError, ServiceError, OSError) as error:
        raise click.ClickException(str(error)) from None
    except asyncio.CancelledError:
        sys.exit(_STOPPED)


async def compare(services: Sequence[Service], plan: Plan) -> list[Comparison]:
    """Serve, see that all answer like the first one, and measure each operation."""
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(service, plan.worker_core)) for service in services]
        check_alike(servers, plan.rows)
        comparisons: list[Comparison] = []
        for operation in OPERATIONS:
            repeats: dict[str, list[Figures]] = {service.name: [] for service in services}
            for repeat in range(1, plan.repeats + 1):
                # In turns, there and back: whatever else the machine does meanwhile meets all of them alike.
                for server in servers if repeat % 2 else reversed(servers):
                    figures = await measure(server, operation, plan, repeat=repeat)
                    repeats[server.service.name].append(figures)
                    progress = f"{operation.name} {repeat}/{plan.repeats}, {server.service.name}"
                    click.echo(f"{progress}: {figures.cpu_us_per_request:,.0f} µs of CPU a request", err=True)
            comparisons.append(Comparison.of(operation.name, repeats))
        return comparisons
