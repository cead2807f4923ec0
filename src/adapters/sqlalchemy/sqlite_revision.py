"""Whether an SQLite file needs a migration: asked of SQLite itself, for it takes long to load what migrates."""

import sqlite3
from contextlib import closing
from pathlib import Path

from adapters.sqlalchemy.revisions import VERSION_TABLE, newest_revision

_EXISTING = "?mode=rw"
"""Makes no file where there is none."""


def is_migrated(path: Path) -> bool:
    """Tell whether the file has the schema of this version. If it cannot be read, whoever migrates it says why."""
    try:
        with closing(sqlite3.connect(path.absolute().as_uri() + _EXISTING, uri=True)) as connection:
            found = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchall()  # noqa: S608 - ours
    except sqlite3.Error:
        return False
    return found == [(newest_revision(),)]
