"""Several instances migrate at once, and the one that does the work is killed in the middle of it."""

import asyncio
import subprocess
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import Popen

import asyncpg
import pytest

from adapters.sqlalchemy.revisions import newest_revision
from tests.faults.load import TIMEOUT
from tests.faults.postgresql_server import PostgresServer
from tests.integration.processes import COMMAND, environment, todo_api
from tests.postgresql import new_database, url_like

_IN_THE_WAY = "CREATE TABLE alembic_version (version_num text)"
"""What the first migration does first; it waits until this is rolled back."""

_THE_ONE_AT_WORK = """
    SELECT application_name FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event <> 'advisory'
"""
"""Of several, the one whose statement waits; the others wait for the advisory lock."""


@pytest.fixture
def empty_database_url(postgresql_server: PostgresServer) -> Generator[str]:
    """The URL of a database that nobody has migrated."""
    with new_database(postgresql_server.url) as url:
        yield url


async def test_another_one_finishes_what_a_killed_one_began(empty_database_url: str, tmp_path: Path) -> None:
    blocker = await asyncpg.connect(empty_database_url)
    blocking = blocker.transaction()
    await blocking.start()
    await blocker.execute(_IN_THE_WAY)
    with ExitStack() as stack:
        instances = {
            name: stack.enter_context(
                _migrating(tmp_path, url_like(empty_database_url, query={"application_name": name}))
            )
            for name in ("one", "another", "third")
        }
        victim = instances.pop(await _the_one_at_work(empty_database_url))
        victim.kill()
        await blocking.rollback()
        survivors = [await asyncio.to_thread(each.wait, TIMEOUT) for each in instances.values()]
    await blocker.close()

    checked = todo_api("check", home=tmp_path, DATABASE_URL=empty_database_url)
    assert survivors == [0, 0]
    assert victim.returncode == -9
    assert "ready" in checked.stdout
    assert await _revision(empty_database_url) == newest_revision()


async def _the_one_at_work(url: str) -> str:
    """Return the name of the instance that migrates, as soon as it is in the middle of it."""
    connection = await asyncpg.connect(url)
    deadline = time.monotonic() + TIMEOUT
    while (name := await connection.fetchval(_THE_ONE_AT_WORK)) is None:
        assert time.monotonic() < deadline, "Nobody migrates."
        await asyncio.sleep(0.02)
    await connection.close()
    return name


async def _revision(url: str) -> str:
    connection = await asyncpg.connect(url)
    revision = await connection.fetchval("SELECT version_num FROM alembic_version")
    await connection.close()
    return revision


@contextmanager
def _migrating(home: Path, url: str) -> Generator["Popen[bytes]"]:
    environ = environment(DATABASE_URL=url)
    command = [*COMMAND, "migrate"]
    with Popen(command, cwd=home, env=environ, stdout=subprocess.DEVNULL) as process:  # noqa: S603 - our own command
        try:
            yield process
        finally:
            process.kill()
