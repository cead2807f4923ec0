"""Migration 0002, which brings what texts are compared by to the Unicode form NFC, on both databases."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from unicodedata import combining, normalize

import asyncpg
import pytest
from alembic.script import ScriptDirectory
from msgspec import Struct
from sqlalchemy import BigInteger, Boolean, Integer, Text, bindparam, column, insert, select, table

from adapters.sqlalchemy.base import DateTimeUTC
from adapters.sqlalchemy.database import Database, Statement
from adapters.sqlalchemy.migrate_postgresql import migrate_postgresql
from adapters.sqlalchemy.migrate_sqlite import migrate_sqlite
from adapters.sqlalchemy.postgresql import open_postgresql
from adapters.sqlalchemy.revisions import SCRIPTS
from adapters.sqlalchemy.sqlite import open_sqlite
from adapters.sqlalchemy.tables import TextArray
from domain.errors import Unavailable
from domain.text import fold
from tests import postgresql

COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"
A_DAY = datetime(2026, 1, 1, tzinfo=UTC)

# The tables as they are at 0001, as far as it matters: later ones may be different.
ACCOUNTS = table(
    "accounts",
    *(column(name, BigInteger()) for name in ("id", "version")),
    *(column(name, Text()) for name in ("email", "password_hash", "time_zone")),
    *(column(name, DateTimeUTC()) for name in ("created_at", "updated_at")),
)
TODOS = table(
    "todos",
    *(column(name, BigInteger()) for name in ("id", "owner_id")),
    *(column(name, Text()) for name in ("title", "title_key", "description", "description_key")),
    *(column(name, TextArray) for name in ("tags", "tag_keys")),
    *(column(name, DateTimeUTC()) for name in ("created_at", "updated_at")),
    column("done", Boolean()),
    column("version", Integer()),
)

WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'UPDATE todos%'
"""


class Place(Struct, frozen=True):
    """A database of either kind."""

    migrate: Callable[..., Awaitable[str | None]]
    open: Callable[[], AbstractAsyncContextManager[Database]]

    async def add(self, *rows: dict[str, Any], to: Any = TODOS) -> None:
        """Add rows."""
        async with self.open() as database:
            for row in rows:
                values = {name: bindparam(name, type_=to.c[name].type) for name in row}
                await database.fetch_one(Statement(insert(to).values(values).returning(to.c.id)), **row)

    async def read(self, *names: str) -> list[tuple[Any, ...]]:
        """Return these columns of all to-dos."""
        chosen = select(*(TODOS.c[name] for name in names)).order_by(TODOS.c.id)
        async with self.open() as database:
            return [tuple(row) for row in await database.fetch_all(Statement(chosen))]


@pytest.fixture
def empty_url(postgresql_server: str) -> Generator[str]:
    """The URL of an empty database."""
    with postgresql.new_database(postgresql_server) as url:
        yield url


@pytest.fixture
async def on_sqlite(tmp_path: Path) -> Place:
    """An SQLite file at 0001."""
    path = tmp_path / "todo.sqlite3"
    return await at_0001(Place(migrate=partial(migrate_sqlite, path), open=partial(open_sqlite, path)))


@pytest.fixture
async def on_postgresql(empty_url: str) -> Place:
    """A PostgreSQL database at 0001."""
    return await at_0001(
        Place(migrate=partial(migrate_postgresql, empty_url), open=partial(open_postgresql, empty_url))
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest) -> Place:
    """A database of each kind at 0001, one after the other."""
    return request.getfixturevalue(f"on_{request.param}")


async def at_0001(place: Place) -> Place:
    """Migrate an empty database, and return it with an account."""
    await place.migrate("0001")
    account = {"id": 1, "email": "ada@example.com", "password_hash": "a hash", "time_zone": "UTC", "version": 1}
    await place.add(account | {"created_at": A_DAY, "updated_at": A_DAY}, to=ACCOUNTS)
    return place


def old(title: str = "Title", *, description: str | None = None, tags: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the columns of a to-do as the version before writes them."""
    return {
        "owner_id": 1,
        "title": title,
        "title_key": title.casefold(),
        "description": description,
        "description_key": description and description.casefold(),
        "tags": list(tags),
        "tag_keys": [tag.casefold() for tag in tags],
        "done": False,
        "created_at": A_DAY,
        "updated_at": A_DAY,
        "version": 1,
    }


class TestKeys:
    async def test_all_become_what_the_service_compares_by(self, place: Place) -> None:
        texts = (DECOMPOSED, COMPOSED.upper(), "\u0390 \ud55c", "Straße", "Plain", "\\N {NULL} '\"", "\u0f73\u0f39")
        await place.add(*(old(text, description=text * 2, tags=("first", text)) for text in texts))

        await place.migrate("0002")

        assert await place.read("title", "title_key") == [(text, fold(text)) for text in texts]
        assert await place.read("description", "description_key") == [(text * 2, fold(text * 2)) for text in texts]
        assert await place.read("tags", "tag_keys") == [(["first", text], ["first", fold(text)]) for text in texts]

    async def test_what_is_not_there_stays_so(self, place: Place) -> None:
        await place.add(old(DECOMPOSED), old(DECOMPOSED, description=""))

        await place.migrate("0002")

        assert await place.read("description", "description_key", "tag_keys") == [(None, None, []), ("", "", [])]

    async def test_of_tags_that_are_the_same_now_the_first_spelling_stays(self, place: Place) -> None:
        await place.add(old(tags=(DECOMPOSED, "home", COMPOSED, "work")), old(tags=(COMPOSED, DECOMPOSED)))

        await place.migrate("0002")

        assert await place.read("tags", "tag_keys", "version") == [
            ([DECOMPOSED, "home", "work"], [COMPOSED, "home", "work"], 2),
            ([COMPOSED], [COMPOSED], 2),
        ]
        assert all(updated_at > A_DAY for (updated_at,) in await place.read("updated_at"))

    async def test_so_it_does_if_only_the_keys_were_up_to_date(self, place: Place) -> None:
        await place.add(old(tags=(DECOMPOSED, COMPOSED)) | {"tag_keys": [COMPOSED, COMPOSED]})

        await place.migrate("0002")

        assert await place.read("tags", "tag_keys", "version") == [([DECOMPOSED], [COMPOSED], 2)]

    async def test_a_todo_whose_texts_stay_is_the_same_version(self, place: Place) -> None:
        await place.add(old(DECOMPOSED, description=DECOMPOSED, tags=(DECOMPOSED, "home")))

        await place.migrate("0002")

        assert await place.read("version", "updated_at") == [(1, A_DAY)]

    async def test_there_may_be_more_todos_than_are_read_at_once(self, place: Place) -> None:
        await place.add(*(old(title) for title in [DECOMPOSED, COMPOSED, "Plain"] * 501))

        await place.migrate("0002")

        assert await place.read("title_key") == [(COMPOSED,), (COMPOSED,), ("plain",)] * 501

    async def test_what_the_version_before_wrote_afterwards_is_brought_up_to_date_by_migrating_again(
        self, place: Place
    ) -> None:
        await place.add(old(DECOMPOSED))
        await place.migrate("0002")
        await place.add(old(DECOMPOSED, tags=(DECOMPOSED, COMPOSED)))

        await place.migrate("-1")
        await place.migrate("0002")

        assert await place.read("title_key", "tags", "version") == [(COMPOSED, [], 1), (COMPOSED, [DECOMPOSED], 2)]

    async def test_taking_it_back_changes_nothing(self, place: Place) -> None:
        await place.add(old(DECOMPOSED, tags=(DECOMPOSED, COMPOSED)))
        await place.migrate("0002")
        before = await place.read(*TODOS.c.keys())

        await place.migrate("-1")

        assert await place.read(*TODOS.c.keys()) == before


def test_the_service_compares_by_the_keys_that_were_migrated() -> None:
    """Where this fails, the keys that are stored need another migration."""
    migration = ScriptDirectory(SCRIPTS).get_revision("0002")
    texts = [chr(number) for number in range(sys.maxunicode + 1)]
    texts += [f"e{mark}\u0301\u0323" for mark in texts if combining(normalize("NFD", mark)[0])]

    assert migration is not None
    assert [text for text in texts if migration.module.fold(text) != fold(text)] == []


class TestBesideAService:
    """On PostgreSQL, which has more than one writer."""

    async def test_a_todo_that_stays_as_it_is_is_not_written(self, on_postgresql: Place, empty_url: str) -> None:
        await on_postgresql.add(old("Plain", tags=("a",)), old(COMPOSED, tags=(COMPOSED,)), old(DECOMPOSED))
        before = await written_by(empty_url)

        await on_postgresql.migrate("0002")

        plain, composed, decomposed = await written_by(empty_url)
        assert [plain, composed] == before[:2]
        assert decomposed != before[2]

    async def test_what_somebody_writes_meanwhile_is_not_overwritten(
        self, on_postgresql: Place, empty_url: str
    ) -> None:
        await on_postgresql.add(old(DECOMPOSED))

        async with writing(empty_url, "UPDATE todos SET title = 'New', title_key = 'new', version = 2"):
            migrating = asyncio.ensure_future(on_postgresql.migrate("0002"))
            await until_it_waits(empty_url)
        await migrating

        assert await on_postgresql.read("title", "title_key", "version") == [("New", "new", 2)]

    async def test_others_are_written_while_it_waits_for_one(self, on_postgresql: Place, empty_url: str) -> None:
        await on_postgresql.add(*(old(DECOMPOSED) for _ in range(3)))

        async with writing(empty_url, "UPDATE todos SET done = done WHERE id = 2"):
            migrating = asyncio.ensure_future(on_postgresql.migrate("0002"))
            await until_it_waits(empty_url)
            async with writing(empty_url, "SET LOCAL lock_timeout = 1; UPDATE todos SET version = 7 WHERE id <> 2"):
                pass
        await migrating

        assert await on_postgresql.read("title_key", "version") == [(COMPOSED, 7), (COMPOSED, 1), ("cafe\u0301", 7)]

    async def test_one_that_gives_up_waiting_can_be_run_again(
        self, on_postgresql: Place, empty_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("adapters.sqlalchemy.migrate_postgresql._LOCK_TIMEOUT", "200ms")
        await on_postgresql.add(old(DECOMPOSED), old(DECOMPOSED))

        async with writing(empty_url, "UPDATE todos SET done = done WHERE id = 2"):
            with pytest.raises(Unavailable, match=r"stays: .*lock timeout"):
                await on_postgresql.migrate("0002")
        half = await on_postgresql.read("title_key")
        await on_postgresql.migrate("0002")

        assert half == [(COMPOSED,), (DECOMPOSED,)]
        assert await on_postgresql.read("title_key") == [(COMPOSED,)] * 2


@asynccontextmanager
async def writing(url: str, statement: str) -> AsyncGenerator[None]:
    """Have written something while the block runs, and commit it then."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute(statement)
            yield
    finally:
        await connection.close()


async def until_it_waits(url: str) -> None:
    """Return as soon as the migration waits for a row."""
    connection = await asyncpg.connect(url)
    while not await connection.fetchval(WAITING):  # noqa: ASYNC110 - it waits in the server
        await asyncio.sleep(0.01)
    await connection.close()


async def written_by(url: str) -> list[int]:
    """Return which transaction has written each to-do last."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT xmin::text::bigint FROM todos ORDER BY id")
    await connection.close()
    return [number for (number,) in rows]
