"""See what a storm of sign-ins leaves of the time that reads take: see ``python -m bench.storm --help``."""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import repeat
from random import Random
from time import perf_counter

import click
import msgspec
import uvloop

from bench.contenders import todo_api
from bench.database import Rows, database, postgresql
from bench.load import LoadError, load
from bench.mix import sign_in
from bench.operations import OPERATIONS
from bench.run import leave_a_core
from bench.servers import Call, Server, ServiceError, serving
from bench.soak import exchange

ROWS = Rows(owners=1_000, todos=100_000)
_PASSWORD = "wander lantern quarry 83"  # noqa: S105 - of an account that lives as long as the measurement
_EMAIL = "storm@example.com"
_READ = OPERATIONS[0]


@click.command()
@click.option("--sign-ins", default=200, show_default=True, type=click.IntRange(1), help="Sign-ins at a time.")
@click.option("--connections", default=4, show_default=True, type=click.IntRange(1), help="Reads at a time.")
@click.option("--seconds", default=8.0, show_default=True, type=click.FloatRange(1), help="Of calm, and of storm.")
@click.option("--at-most", default=3.0, show_default=True, help="Times the calm p99 of reads that it may become.")
def main(*, sign_ins: int, connections: int, seconds: float, at_most: float) -> None:
    """Read one to-do at a time, first alone and then beside people who sign in all the time; compare the p99.

    The worker has a core to itself, the passwords are checked on it, too. Exits with status 1 if it becomes too long.
    """
    worker_core, other_cores = leave_a_core()
    try:
        with postgresql(other_cores) as url, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            ratio = runner.run(_storm(url, worker_core, sign_ins, connections, seconds))
    except (LoadError, ServiceError, OSError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Beside {sign_ins} sign-ins the p99 of reads is {ratio:.1f} times the calm one, {at_most:g} allowed.")
    sys.exit(ratio > at_most)


async def _storm(url: str, core: int, sign_ins: int, connections: int, seconds: float) -> float:
    async with database(url, ROWS) as dsn:
        with serving(todo_api(dsn, ROWS), core) as server:
            account = msgspec.json.encode({"email": _EMAIL, "password": _PASSWORD}).decode()
            server.answer(Call("POST", "/auth/register", server.service.tokens[1], account), status=201)
            await _p99(server, connections, 1, "warm-up")
            calm = await _p99(server, connections, seconds, "calm")
            answers: Counter[str] = Counter()
            storm = asyncio.gather(*(_sign_in_for_ever(server.port, answers) for _ in range(sign_ins)))
            await asyncio.sleep(1)
            stormy = await _p99(server, connections, seconds, "storm")
            storm.cancel()
            with suppress(asyncio.CancelledError):
                await storm
            click.echo(f"Answers to sign-ins: {', '.join(f'{count} x {status}' for status, count in answers.items())}.")
            return stormy / calm


async def _p99(server: Server, connections: int, seconds: float, name: str) -> float:
    outcome = await load(
        server.port, _reads(server, Random(name)), connections=connections, seconds=seconds, status=_READ.status
    )
    number = len(outcome.latencies)
    p50, p99 = (outcome.latencies[number * percent // 100] * 1e3 for percent in (50, 99))
    click.echo(f"{name}: {number / outcome.seconds:,.0f} reads/s, p50 {p50:.2f} ms, p99 {p99:.2f} ms")
    return p99


def _reads(server: Server, random: Random) -> Iterator[bytes]:
    for _ in repeat(None):
        yield _READ.call(server.service, ROWS, random).encoded()


async def _sign_in_for_ever(port: int, answers: Counter[str]) -> None:
    request = sign_in(_EMAIL, _PASSWORD)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while True:
            started = perf_counter()
            status, _ = await exchange(reader, writer, request)
            answers[status.decode()] += 1
            await asyncio.sleep(max(0.0, 1 - (perf_counter() - started)))  # whoever is refused comes back in a second
    finally:
        writer.close()


if __name__ == "__main__":
    main()
