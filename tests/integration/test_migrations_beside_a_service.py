"""Migrations while an older version serves: what fails leaves it alone, and what expands does not disturb it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from adapters.sqlalchemy.migrate_postgresql import migrate_postgresql
from adapters.sqlalchemy.revisions import newest_revision
from domain.errors import Unavailable
from tests.integration.later_version import BREAK, EXPAND, INDEX_AT_LEISURE, Later
from tests.integration.processes import serving

MIGRATION_LOCK = 7_466_137_058
"""Its number stays: versions that migrate at the same time must agree on it."""

END_WHO_WAITS = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE query LIKE 'SELECT pg_try_advisory_lock%' AND datname = current_database() AND pid <> pg_backend_pid()
"""


async def test_a_migration_that_fails_says_why_and_leaves_nothing_behind(committed_url: str, later: Later) -> None:
    later.migration(f"{EXPAND}\n    {BREAK}")

    with pytest.raises(Unavailable, match=r'undone: relation "nowhere" does not exist$'):
        await migrate_postgresql(committed_url, scripts=later.scripts)

    assert await revision_of(committed_url) == newest_revision()
    assert not await has_column(committed_url, "colour")


async def test_what_was_migrated_before_the_failure_stays(committed_url: str, later: Later) -> None:
    later.migration(EXPAND).migration(BREAK)

    with pytest.raises(Unavailable):
        await migrate_postgresql(committed_url, scripts=later.scripts)

    assert int(await revision_of(committed_url)) == int(newest_revision()) + 1
    assert await has_column(committed_url, "colour")


async def test_a_migration_does_not_queue_for_long_before_a_table_that_is_in_use(
    committed_url: str, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.sqlalchemy.migrate_postgresql._LOCK_TIMEOUT", "200ms")
    later.migration(EXPAND)
    somebody = await asyncpg.connect(committed_url)
    try:
        async with somebody.transaction():
            await somebody.execute("LOCK TABLE todos IN ACCESS SHARE MODE")
            with pytest.raises(Unavailable, match="lock timeout"):
                await migrate_postgresql(committed_url, scripts=later.scripts)
    finally:
        await somebody.close()

    await migrate_postgresql(committed_url, scripts=later.scripts)
    assert await has_column(committed_url, "colour")


async def test_a_migration_that_loses_its_connection_while_it_waits_says_so(committed_url: str) -> None:
    other = await asyncpg.connect(committed_url)
    try:
        await other.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
        waiting = asyncio.create_task(migrate_postgresql(committed_url))
        while not await other.fetchval(END_WHO_WAITS):  # noqa: ASYNC110 - it waits in the server
            await asyncio.sleep(0.01)

        with pytest.raises(Unavailable, match="cannot be reached"):
            await waiting
    finally:
        await other.close()


@pytest.mark.parametrize("upgrade", [EXPAND, BREAK], ids=["that expands", "that fails"])
async def test_a_service_of_the_older_version_goes_on_writing_through_a_migration(
    upgrade: str, committed_url: str, later: Later, tmp_path: Path
) -> None:
    later.migration(upgrade).migration(INDEX_AT_LEISURE if upgrade == EXPAND else BREAK)
    with serving(tmp_path, DATABASE_URL=committed_url, RATE_LIMIT="off") as server:
        async with httpx.AsyncClient(base_url=server.url, timeout=20) as client, writing(client) as statuses:
            await asyncio.sleep(0.5)
            if upgrade == BREAK:
                with pytest.raises(Unavailable):
                    await migrate_postgresql(committed_url, scripts=later.scripts)
            else:
                await migrate_postgresql(committed_url, scripts=later.scripts)
            after = len(statuses)
            await asyncio.sleep(0.5)
            ready = await client.get("/health/ready")

    assert set(statuses) == {201}
    assert len(statuses) > after > 0
    assert ready.json()["status"] == "ready"


@asynccontextmanager
async def writing(client: httpx.AsyncClient) -> AsyncGenerator[list[int]]:
    """Write one to-do after the other while the block runs; yields the statuses of the answers."""
    account = {"email": "ada@example.com", "password": "correct horse battery staple"}
    await client.post("/auth/register", json=account)
    login = {"username": account["email"], "password": account["password"]}
    tokens = (await client.post("/auth/login", data=login)).json()
    client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    statuses: list[int] = []

    async def write() -> None:
        while True:
            answer = await client.post("/todos", json={"title": f"Number {len(statuses)}"})
            statuses.append(answer.status_code)

    writer = asyncio.create_task(write())
    try:
        yield statuses
    finally:
        writer.cancel()
        await asyncio.wait([writer])


async def revision_of(url: str) -> str:
    return str(await value_of(url, "SELECT version_num FROM alembic_version"))


async def has_column(url: str, name: str) -> bool:
    query = "SELECT count(*) FROM information_schema.columns WHERE table_name = 'todos' AND column_name = $1"
    return await value_of(url, query, name) == 1


async def value_of(url: str, query: str, *arguments: object) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query, *arguments)
    finally:
        await connection.close()
