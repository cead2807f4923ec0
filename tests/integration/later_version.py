"""A later version of the program, as far as its migrations go."""

import shutil
from pathlib import Path

from adapters.sqlalchemy.revisions import SCRIPTS, newest_revision

REVISION = """
import sqlalchemy as sa
from alembic import op

from adapters.sqlalchemy.concurrent_indexes import create_index_concurrently

revision, down_revision, branch_labels, depends_on = "{number:04}", "{previous:04}", None, None

def upgrade() -> None:
    {upgrade}

def downgrade() -> None:
    pass
"""
EXPAND = 'op.add_column("todos", sa.Column("colour", sa.String(20), nullable=True))'
BREAK = 'op.execute("INSERT INTO nowhere VALUES (1)")'
INDEX = "ix_todos_colour"
INDEX_AT_LEISURE = f'create_index_concurrently("{INDEX}", "todos", ["colour"])'


class Later:
    """A later version of the program: this one's migrations and some more."""

    def __init__(self, directory: Path) -> None:
        shutil.copytree(SCRIPTS, directory, ignore=shutil.ignore_patterns("__pycache__"))
        self.scripts = str(directory)
        self._head = int(newest_revision())

    @property
    def head(self) -> str:
        """The newest revision of this version."""
        return f"{self._head:04}"

    def migration(self, upgrade: str) -> "Later":
        """Add a migration that does this."""
        self._head += 1
        text = REVISION.format(number=self._head, previous=self._head - 1, upgrade=upgrade)
        (Path(self.scripts) / "versions" / f"v{self._head:04}_later.py").write_text(text)
        return self
