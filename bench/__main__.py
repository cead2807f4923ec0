"""Run the benchmark: see ``--help``."""

import sys
from contextlib import AsyncExitStack
from pathlib import Path

import click
import msgspec

from bench.contenders import bare_handler, fastify, todo_api, tutorial_stack
from bench.database import Rows, database, execute, postgresql
from bench.goals import goals
from bench.measure import Plan
from bench.node import FASTIFY_FOLDER, NodeError, node_with_packages
from bench.picture import picture
from bench.report import Comparison, cpu_table, medians_table
from bench.run import compare, plan_on_this_machine, run
from bench.servers import Service
from bench.sqlite import sqlite_folder

_KINDS = ("postgresql", "sqlite")
_FOUR = (float, float, float, float)
_OF_POSTGRESQL, _OF_SQLITE = (8.0, 5.0, 8.0, 7.0), (4.0, 4.0, 4.0, 4.0)
"""How much less CPU than the tutorial's stack, in the order of the operations."""

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--database", "kind", default=_KINDS[0], show_default=True, type=click.Choice(_KINDS))
@click.option("--repeats", default=5, show_default=True, type=click.IntRange(1), help="Measurements of each kind.")
@click.option("--seconds", default=4.0, show_default=True, type=click.FloatRange(0.1), help="Length of a measurement.")
@click.option("--connections", default=16, show_default=True, type=click.IntRange(1), help="Requests at a time.")
@click.option("--todos", default=1_000_000, show_default=True, type=click.IntRange(1), help="To-dos in the database.")
@click.option("--owners", default=1_000, show_default=True, type=click.IntRange(1), help="Whose they are.")
@click.option("--goals/--no-goals", "has_goals", default=True, show_default=True, help="Fail if one is not met.")
@click.option(
    "--tutorial-at-least",
    type=_FOUR,
    help="Goals: times the CPU of this service that the tutorial's stack takes to get, page, create and patch "
    "[default: 8 5 8 7; on SQLite 4 4 4 4].",
)
@click.option(
    "--bare-at-most",
    default=(2.0, 1.4, 2.0, 2.5),
    show_default=True,
    type=_FOUR,
    help="Goals: times the CPU of the bare handler that this service takes.",
)
@click.option("--json", "json_file", type=_FILE, help="Where all figures go.")
@click.option("--svg", "svg_file", type=_FILE, help="Where a picture of the CPU goes; on PostgreSQL only.")
def main(
    *,
    kind: str,
    repeats: int,
    seconds: float,
    connections: int,
    todos: int,
    owners: int,
    has_goals: bool,
    tutorial_at_least: tuple[float, ...] | None,
    bare_at_most: tuple[float, ...],
    json_file: Path | None,
    svg_file: Path | None,
) -> None:
    """Measure this service and others that do the same in turn, on one database.

    On PostgreSQL: the FastAPI tutorial's stack, fastify with pg, and a bare handler, which answers with nothing between
    the server, the driver and the codec. On SQLite: the tutorial's stack. A worker of each has a core to itself; the
    load generator and PostgreSQL share the others. Exits with status 1 if a goal is not met, or if anything fails.
    """
    if svg_file and kind == "sqlite":
        raise click.UsageError("The picture is relative to the bare handler, which has no SQLite.")
    plan = plan_on_this_machine(Rows(owners, todos), connections=connections, repeats=repeats, seconds=seconds)
    comparisons = run(_on_sqlite(plan) if kind == "sqlite" else _on_postgresql(plan))
    if json_file is not None:
        json_file.write_bytes(msgspec.json.format(msgspec.json.encode({"plan": plan, "operations": comparisons})))
    if svg_file is not None:
        svg_file.write_text(picture(comparisons), encoding="utf-8")
    click.echo(f"\n{medians_table(comparisons)}\n\n{cpu_table(comparisons)}\n")
    found = goals(
        comparisons,
        tutorial_at_least=tutorial_at_least or (_OF_SQLITE if kind == "sqlite" else _OF_POSTGRESQL),
        bare_at_most=bare_at_most,
    )
    for goal in found if has_goals else ():
        click.echo(goal)
    sys.exit(has_goals and not all(goal.is_met for goal in found))


async def _on_postgresql(plan: Plan) -> list[Comparison]:
    async with AsyncExitStack() as stack:
        server = stack.enter_context(postgresql(plan.other_cores))
        click.echo(_header(f"PostgreSQL {await execute(server, 'SHOW server_version')}", plan))
        dsn = await stack.enter_async_context(database(server, plan.rows))
        services = [todo_api(dsn, plan.rows), tutorial_stack(dsn, plan.rows)]
        services += [*_fastify_if_possible(dsn, plan.rows), bare_handler(dsn, plan.rows)]
        return await compare(services, plan)


def _fastify_if_possible(dsn: str, rows: Rows) -> list[Service]:
    try:
        return [fastify(node_with_packages(FASTIFY_FOLDER), dsn, rows)]
    except NodeError as error:
        click.echo(f"Without fastify: {error}.")
        return []


async def _on_sqlite(plan: Plan) -> list[Comparison]:
    click.echo(_header("SQLite", plan))
    async with sqlite_folder(plan.rows) as folder:
        return await compare([todo_api(folder, plan.rows), tutorial_stack(folder, plan.rows)], plan)


def _header(where: str, plan: Plan) -> str:
    rows = f"{plan.rows.todos:,} to-dos of {plan.rows.owners:,} owners"
    return f"{where}, {rows}, {plan.connections} connections, medians of {plan.repeats} x {plan.seconds:g} s"


if __name__ == "__main__":
    main()
