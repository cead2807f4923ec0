"""Keys of to-dos in the Unicode form NFC.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-27 17:10:00.000000

What texts are compared by was case-folded only. Tags of a to-do that are the same now become the one that was written
first, which is a change of the to-do.

On PostgreSQL each to-do is a transaction of its own: nobody waits for the migration longer than for a request, and no
two can wait for each other. A to-do that somebody has changed since it was read is left alone. Whatever ends the
migration, it can be run again. The service of the version before may go on writing the old keys meanwhile:
``docs/upgrades.md`` says what brings them up to date.
"""

from contextlib import nullcontext
from datetime import UTC, datetime
from itertools import groupby
from typing import Any
from unicodedata import combining, is_normalized, normalize

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXTS = postgresql.ARRAY(sa.Text()).with_variant(sa.JSON(), "sqlite")
TODOS = sa.table(
    "todos",
    sa.column("id", sa.BigInteger()),
    sa.column("title", sa.Text()),
    sa.column("title_key", sa.Text()),
    sa.column("description", sa.Text()),
    sa.column("description_key", sa.Text()),
    sa.column("tags", TEXTS),
    sa.column("tag_keys", TEXTS),
    sa.column("updated_at", sa.DateTime(timezone=True)),
    sa.column("version", sa.Integer()),
)
BATCH_SIZE = 500
"""To-dos that are read at once: some 50 MB, if all are as long as can be."""

MAY_DIFFER = {
    "postgresql": sa.text("octet_length(concat(title, description, tags)) <> length(concat(title, description, tags))"),
    "sqlite": sa.true(),
}
"""What spares PostgreSQL sending texts of ASCII, whose keys are what they were."""


def upgrade() -> None:
    context = op.get_context()
    is_sqlite = context.dialect.name == "sqlite"
    with nullcontext() if is_sqlite else context.autocommit_block():
        fold_again(op.get_bind())


def downgrade() -> None:
    """Leave the keys as they are: the version before replaces them as it writes."""


def fold_again(connection: sa.Connection) -> None:
    batch = (
        sa.select(TODOS)
        .where(TODOS.c.id > sa.bindparam("after"), MAY_DIFFER[connection.dialect.name])
        .order_by(TODOS.c.id)
        .limit(BATCH_SIZE)
    )
    after = 0
    while todos := connection.execute(batch, {"after": after}).mappings().all():
        for todo in todos:
            if changes := changes_of(todo):
                this_version = (TODOS.c.id == todo["id"], TODOS.c.version == todo["version"])
                connection.execute(sa.update(TODOS).where(*this_version).values(changes))
        after = todos[-1]["id"]


def changes_of(todo: sa.RowMapping) -> dict[str, Any]:
    tags: dict[str, str] = {}
    for tag in todo["tags"]:
        tags.setdefault(fold(tag), tag)
    folded = {
        "title_key": fold(todo["title"]),
        "description_key": todo["description"] and fold(todo["description"]),
        "tags": list(tags.values()),
        "tag_keys": list(tags),
    }
    changes: dict[str, Any] = {name: value for name, value in folded.items() if value != todo[name]}
    if "tags" in changes:
        now = sa.literal(datetime.now(UTC), TODOS.c.updated_at.type)
        changes["updated_at"] = sa.case((TODOS.c.updated_at < now, now), else_=TODOS.c.updated_at)
        changes["version"] = todo["version"] + 1
    return changes


# What ``domain.text`` had when this was written: it must stay, whatever becomes of that.


def fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    return normalize("NFC", composed(text).casefold())


def composed(text: str) -> str:
    if is_normalized("NFC", text):
        return text
    runs = groupby(text.translate(TWO_MARKS), key=is_mark)
    return normalize("NFC", "".join("".join(sorted(run, key=combining) if marks else run) for marks, run in runs))


TWO_MARKS = {0x0F73: "\u0f71\u0f72", 0x0F75: "\u0f71\u0f74", 0x0F81: "\u0f71\u0f80"}


def is_mark(character: str) -> bool:
    return combining(character) > 0
