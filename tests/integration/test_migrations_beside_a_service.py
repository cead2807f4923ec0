"""Migrations while an older version serves: what fails leaves it alone, and what expands does not disturb it."""

import asyncio
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiosqlite
import asyncpg
import httpx
import pytest

from adapters.sqlalchemy.migrate import SCRIPTS, migrate_postgresql, migrate_sqlite, newest_revision
from domain.errors import Unavailable
from tests.integration.processes import serving

REVISION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "{number:04}", "{previous:04}", None, None

def upgrade() -> None:
    {upgrade}

def downgrade() -> None:
    pass
"""
EXPAND = 'op.add_column("todos", sa.Column("colour", sa.String(20), nullable=True))'
BREAK = 'op.execute("INSERT INTO nowhere VALUES (1)")'
INDEX_AT_LEISURE = (
    "with op.get_context().autocommit_block():\n"
    '        op.create_index("ix_todos_colour", "todos", ["colour"], postgresql_concurrently=True)'
)


class Later:
    """A later version of the program: this one's migrations and some more."""

    def __init__(self, directory: Path) -> None:
        shutil.copytree(SCRIPTS, directory, ignore=shutil.ignore_patterns("__pycache__"))
        self.scripts = str(directory)
        self._head = int(newest_revision())

    def migration(self, upgrade: str) -> "Later":
        """Add a migration that does this."""
        self._head += 1
        text = REVISION.format(number=self._head, previous=self._head - 1, upgrade=upgrade)
        (Path(self.scripts) / "versions" / f"v{self._head:04}_later.py").write_text(text)
        return self


@pytest.fixture
def later(tmp_path: Path) -> Later:
    return Later(tmp_path / "later")


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


async def test_a_migration_of_a_file_that_fails_leaves_nothing_behind(sqlite_file: Path, later: Later) -> None:
    await migrate_sqlite(sqlite_file)
    before = await schema_of_file(sqlite_file)
    later.migration(f"{EXPAND}\n    {BREAK}")

    with pytest.raises(Unavailable, match=r"undone: no such table: nowhere$"):
        await migrate_sqlite(sqlite_file, scripts=later.scripts)

    assert await schema_of_file(sqlite_file) == before


async def test_several_migrations_of_a_file_are_applied_in_turn(sqlite_file: Path, later: Later) -> None:
    await migrate_sqlite(sqlite_file)
    later.migration(EXPAND).migration('op.create_index("ix_todos_colour", "todos", ["colour"])')

    await migrate_sqlite(sqlite_file, scripts=later.scripts)

    assert "ix_todos_colour" in await schema_of_file(sqlite_file)


async def test_a_migration_does_not_queue_for_long_before_a_table_that_is_in_use(
    committed_url: str, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.sqlalchemy.migrate._LONGEST_WAIT_FOR_TABLES", "200ms")
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


async def test_many_may_build_an_index_concurrently_without_waiting_for_each_other(
    committed_url: str, later: Later
) -> None:
    later.migration(EXPAND).migration(INDEX_AT_LEISURE)

    async with asyncio.timeout(30):
        await asyncio.gather(*(migrate_postgresql(committed_url, scripts=later.scripts) for _ in range(4)))

    assert int(await revision_of(committed_url)) == int(newest_revision()) + 2


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


async def schema_of_file(path: Path) -> str:
    async with aiosqlite.connect(path) as connection:
        rows = await connection.execute_fetchall(
            "SELECT sql FROM sqlite_master UNION ALL SELECT version_num FROM alembic_version"
        )
        return "\n".join(str(row[0]) for row in rows)
