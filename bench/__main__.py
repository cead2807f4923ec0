"""Run the benchmark: see ``--help``."""

import asyncio
import os
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import click
import msgspec
import uvloop

from bench.database import Rows, database, execute, postgresql
from bench.load import LoadError
from bench.measure import Plan, measure
from bench.operations import OPERATIONS, PAGE, check_alike
from bench.report import Comparison, Figures, table, verdict
from bench.servers import Server, ServiceError, serving, todo_api, tutorial_stack

_STOPPED = 128 + signal.SIGTERM


@click.command()
@click.option("--repeats", default=5, show_default=True, type=click.IntRange(1), help="Measurements of each kind.")
@click.option("--seconds", default=4.0, show_default=True, type=click.FloatRange(0.1), help="Length of a measurement.")
@click.option("--connections", default=16, show_default=True, type=click.IntRange(1), help="Requests at a time.")
@click.option("--todos", default=1_000_000, show_default=True, type=click.IntRange(1), help="To-dos in the database.")
@click.option("--owners", default=1_000, show_default=True, type=click.IntRange(1), help="Whose they are.")
@click.option("--at-least", default=3.0, show_default=True, help="Required ratio of requests per second; 0 is off.")
@click.option("--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Where all figures go.")
def main(
    *, repeats: int, seconds: float, connections: int, todos: int, owners: int, at_least: float, json_file: Path | None
) -> None:
    """Measure this service and the FastAPI tutorial's stack in turn, on one PostgreSQL.

    A worker of each has a core to itself; the load generator and the database share the others. Exits with status 1
    if this service is not as much faster as it should be, or if anything fails.
    """
    rows = Rows(owners=owners, todos=todos)
    if rows.each < PAGE:
        raise click.UsageError(f"Each owner needs {PAGE} to-dos for a page.")
    worker_core, *other_cores = sorted(os.sched_getaffinity(0))
    if not other_cores:
        raise click.ClickException("Two cores are needed: one for the worker, one for the load and the database.")
    plan = Plan(rows, connections, repeats, seconds, worker_core, other_cores)
    os.sched_setaffinity(0, other_cores)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            comparisons = runner.run(_benchmark(plan))
    except (LoadError, ServiceError, OSError) as error:
        raise click.ClickException(str(error)) from None
    except asyncio.CancelledError:
        sys.exit(_STOPPED)
    if json_file is not None:
        json_file.write_bytes(msgspec.json.format(msgspec.json.encode({"plan": plan, "operations": comparisons})))
    click.echo(f"\n{table(comparisons)}\n")
    for comparison in comparisons if at_least else ():
        click.echo(verdict(comparison, at_least=at_least))
    sys.exit(any(comparison.times < at_least for comparison in comparisons))


async def _benchmark(plan: Plan) -> list[Comparison]:
    _let_signals_cancel()
    async with AsyncExitStack() as stack:
        server = stack.enter_context(postgresql(plan.other_cores))
        release = await execute(server, "SHOW server_version")
        click.echo(
            f"PostgreSQL {release}, {plan.rows.todos:,} to-dos of {plan.rows.owners:,} owners, "
            f"{plan.connections} connections, medians of {plan.repeats} x {plan.seconds:g} s"
        )
        dsn = await stack.enter_async_context(database(server, plan.rows))
        ours = stack.enter_context(serving(todo_api(dsn, plan.rows), plan.worker_core))
        theirs = stack.enter_context(serving(tutorial_stack(dsn, plan.rows), plan.worker_core))
        check_alike(ours, theirs, plan.rows)
        return await _compare((ours, theirs), plan)


async def _compare(servers: tuple[Server, ...], plan: Plan) -> list[Comparison]:
    """Measure each operation in turns: whatever else the machine does meanwhile meets both services alike."""
    comparisons: list[Comparison] = []
    for operation in OPERATIONS:
        repeats: dict[str, list[Figures]] = {server.service.name: [] for server in servers}
        for repeat in range(1, plan.repeats + 1):
            for server in servers:
                figures = await measure(server, operation, plan, repeat=repeat)
                repeats[server.service.name].append(figures)
                progress = f"{operation.name} {repeat}/{plan.repeats}, {server.service.name}"
                click.echo(f"{progress}: {figures.requests_per_second:,.0f} requests/s", err=True)
        comparisons.append(Comparison.of(operation.name, repeats))
    return comparisons


def _let_signals_cancel() -> None:
    """End everything in good order if this process is asked to end, as Ctrl-C does by itself."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - this is called from one
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)


if __name__ == "__main__":
    main()
