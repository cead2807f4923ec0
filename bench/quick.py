"""See in a minute or two that requests take no more CPU than they did: see ``python -m bench.quick --help``."""

import sys
from contextlib import AsyncExitStack
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from bench.contenders import bare_handler, todo_api
from bench.database import Rows, database, postgresql
from bench.goals import goals
from bench.measure import Plan
from bench.names import OURS
from bench.report import Comparison, cpu_table
from bench.run import compare, plan_on_this_machine, run

_FILE = Path(__file__).with_name("bounds.json")
_ROWS = Rows(owners=100, todos=20_000)
_CONNECTIONS = 16
_WARM_UP = 0.2
"""Seconds."""


class Bounds(Struct):
    """What was recorded: times the CPU of the bare handler that each operation takes, and the share that is noise."""

    room: float
    to_bare: dict[str, float]

    def at_most(self, operation: str) -> float:
        """Return the ratio above which an operation has become dearer."""
        return round(self.to_bare[operation] * (1 + self.room), 2)


@click.command()
@click.option("--repeats", default=9, show_default=True, type=click.IntRange(1), help="Measurements of each kind.")
@click.option("--seconds", default=0.6, show_default=True, type=click.FloatRange(0.1), help="Length of a measurement.")
@click.option("--record", is_flag=True, help="Write what is found into bench/bounds.json: it is right from now on.")
def main(*, repeats: int, seconds: float, record: bool) -> None:
    """Compare the CPU a request of this service with a bare handler's, and that with what was recorded.

    Both are measured in turns on a small PostgreSQL, and the medians of their ratios are compared, so that neither
    the machine nor its load matters much. Exits with status 1 if an operation takes more than it may.
    """
    bounds = msgspec.json.decode(_FILE.read_bytes(), type=Bounds)
    plan = plan_on_this_machine(_ROWS, connections=_CONNECTIONS, repeats=repeats, seconds=seconds, warm_up=_WARM_UP)
    comparisons = run(_both(plan))
    click.echo(f"\n{cpu_table(comparisons)}\n")
    if record:
        bounds.to_bare = {each.operation: round(each.to_bare[OURS], 2) for each in comparisons}
        _FILE.write_bytes(msgspec.json.format(msgspec.json.encode(bounds)) + b"\n")
    found = goals(comparisons, bare_at_most=[bounds.at_most(each.operation) for each in comparisons])
    for goal in found:
        click.echo(goal)
    sys.exit(not all(goal.is_met for goal in found))


async def _both(plan: Plan) -> list[Comparison]:
    async with AsyncExitStack() as stack:
        server = stack.enter_context(postgresql(plan.other_cores))
        dsn = await stack.enter_async_context(database(server, plan.rows))
        return await compare([todo_api(dsn, plan.rows), bare_handler(dsn, plan.rows)], plan)


if __name__ == "__main__":
    main()
