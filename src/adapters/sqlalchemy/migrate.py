"""Bringing a database to the schema of this version, with Alembic.

Any number of processes may start this at once: one does the work while the others wait, then find nothing to do; how
they wait for each other differs from database to database, see ``migrate_sqlite`` and ``migrate_postgresql``.
A version that was rolled back to finds nothing to do either: the database that is ahead of it stays where it is.
"""

import asyncio
import logging
import re

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection as SyncConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.sqlalchemy.database import Unavailable
from adapters.sqlalchemy.revisions import SCRIPTS, VERSION_TABLE
from domain.errors import Invalid

_log = logging.getLogger(__name__)

ENGINE = "engine"
"""The attribute of Alembic's configuration that is the engine to migrate with."""

HAS_COMMITTED = "has_committed"
"""The attribute of Alembic's configuration that says whether a migration, before its end, left its transaction."""

WAITING = "Another process migrates the database; this one waits for it"
GOING_ON = "The other process is done; this one goes on"

_REVISION = re.compile(r"head|base|[+-]\d+|\d{4}")
"""Where a database can be taken. Alembic knows more ways to say it, which could not be compared with where it is."""


def alembic_config(engine: AsyncEngine, scripts: str = SCRIPTS) -> Config:
    """Return what Alembic needs to know: which database, and where the migrations are."""
    config = Config(attributes={ENGINE: engine})
    config.set_main_option("script_location", scripts.replace("%", "%%"))
    return config


def run_migrations(engine: AsyncEngine, revision: str = "head", scripts: str = SCRIPTS) -> str | None:
    """Upgrade or downgrade the database to ``revision``; the caller sees to it that nobody else does.

    Return the revision it is at if that is ahead of this version, so that nothing was done.

    :raises Invalid: if there is no such revision, or it is not to be reached from where the database is.
    :raises Unavailable: if the database cannot be reached or a migration fails, which then has changed nothing, save
        what it did outside a transaction.
    """
    config = alembic_config(engine, scripts)
    try:
        current = asyncio.run(_revision_of(engine))
        newest = ScriptDirectory.from_config(config).get_current_head()
        if newest is not None and current > newest:
            return _left_ahead(current, revision)
        _require_reachable(revision, current)
        if revision == "head" and current != newest:
            _log.info("Migrating the database from %s to %s", current or "base", newest)
        if revision == "base" or revision.startswith("-"):
            command.downgrade(config, revision)
        else:
            command.upgrade(config, revision)
    except CommandError as error:
        raise Invalid(f"{error}.") from error
    except DBAPIError as error:
        _log.exception("A migration failed")
        has_committed = config.attributes.get(HAS_COMMITTED, False)
        rest = "what it did outside a transaction stays" if has_committed else "what it began was undone"
        raise Unavailable(f"A migration failed, and {rest}: {_reason(error)}") from error
    return None


async def _revision_of(engine: AsyncEngine) -> str:
    """Return the revision a database is at; it is empty where nothing was migrated."""

    def revision(connection: SyncConnection) -> str:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return context.get_current_revision() or ""

    try:
        async with engine.connect() as connection:
            return await connection.run_sync(revision)
    finally:
        await engine.dispose()


def _left_ahead(current: str, revision: str) -> str:
    """Return where the database is, and stays.

    :raises Invalid: if it is to go elsewhere, for which the scripts of a later version are needed.
    """
    if revision != "head":
        raise Invalid(
            f"The database is at {current}, ahead of this version: "
            "only the version that migrated it can take it elsewhere."
        )
    _log.info("The database is at %s, ahead of this version; nothing is to be done", current)
    return current


def _require_reachable(revision: str, current: str) -> None:
    """Refuse what Alembic would pass over in silence.

    :raises Invalid: if ``revision`` is none, or is behind, and nobody said that something is to be taken back.
    """
    if not _REVISION.fullmatch(revision):
        raise Invalid(f"Can't locate revision identified by '{revision}'.")
    if revision.isdecimal() and revision < current:
        raise Invalid(
            f"The database is at {current}, past {revision}. "
            "`todo-api migrate -1` takes one migration back, `todo-api migrate base` all of them."
        )


def _reason(error: DBAPIError) -> str:
    """Return in one line what the database said."""
    return " ".join(str(error.orig).rpartition(">: ")[2].split()) or type(error).__name__
