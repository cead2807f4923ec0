"""The revision of the schema that an open database is at."""

from sqlalchemy import text

from adapters.sqlalchemy.database import NOT_MIGRATED, Connection, Statement, Unavailable
from adapters.sqlalchemy.revisions import VERSION_TABLE

_CURRENT = Statement(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608 - the name is ours


async def current_revision(connection: Connection) -> str:
    """Return the revision a database is at.

    :raises Unavailable: if the database cannot be reached, was never migrated, or was taken back to its beginning.
    """
    row = await connection.fetch_one(_CURRENT)
    if row is None:
        raise Unavailable(NOT_MIGRATED)
    return row[0]
