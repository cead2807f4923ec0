"""The revisions of the schema: which one this version is written for, and which one a database is at.

Whoever serves asks for them again and again; Alembic, which takes long to load, is needed only to migrate.
"""

from functools import cache
from pathlib import Path

from sqlalchemy import text

from adapters.sqlalchemy.database import NOT_MIGRATED, Connection, Statement, Unavailable

SCRIPTS = str(Path(__file__).parent / "migrations")
"""The directory with the migrations of this version."""

VERSION_TABLE = "alembic_version"

_CURRENT = Statement(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608 - the name is ours


@cache
def newest_revision() -> str:
    """Return the revision that this version of the program is written for: four digits, as its file is called."""
    return max(path.name[1:5] for path in Path(SCRIPTS, "versions").glob("v[0-9][0-9][0-9][0-9]_*.py"))


async def current_revision(connection: Connection) -> str:
    """Return the revision a database is at.

    :raises Unavailable: if the database cannot be reached, was never migrated, or was taken back to its beginning.
    """
    row = await connection.fetch_one(_CURRENT)
    if row is None:
        raise Unavailable(NOT_MIGRATED)
    return row[0]
