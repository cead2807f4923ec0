"""The revisions of the schema, and which one this version is written for: nothing has to be loaded to know that."""

from functools import cache
from pathlib import Path

SCRIPTS = str(Path(__file__).parent / "migrations")
"""The directory with the migrations of this version."""

VERSION_TABLE = "alembic_version"


@cache
def newest_revision() -> str:
    """Return the revision that this version of the program is written for: four digits, as its file is called."""
    return max(path.name[1:5] for path in Path(SCRIPTS, "versions").glob("v[0-9][0-9][0-9][0-9]_*.py"))
