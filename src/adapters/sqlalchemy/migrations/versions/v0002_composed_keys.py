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

from collections.abc import Iterator
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
NOW = sa.bindparam("now", type_=TODOS.c.updated_at.type)
HAS_FEWER_TAGS = sa.bindparam("has_fewer_tags", type_=sa.Boolean())
SAVE = (
    sa.update(TODOS)
    .where(TODOS.c.id == sa.bindparam("this_id"), TODOS.c.version == sa.bindparam("this_version"))
    .values(
        {
            name: sa.bindparam(f"new_{name}", type_=TODOS.c[name].type)
            for name in ("title_key", "description_key", "tags", "tag_keys")
        }
        | {
            "version": sa.case((HAS_FEWER_TAGS, TODOS.c.version + 1), else_=TODOS.c.version),
            "updated_at": sa.case((sa.and_(HAS_FEWER_TAGS, TODOS.c.updated_at < NOW), NOW), else_=TODOS.c.updated_at),
        }
    )
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
        for changes in batches_of_changes(op.get_bind()):
            if is_sqlite:
                op.get_bind().execute(SAVE, changes)
            else:
                for change in changes:
                    op.get_bind().execute(SAVE, change)


def downgrade() -> None:
    """Leave the keys as they are: the version before replaces them as it writes."""


def batches_of_changes(connection: sa.Connection) -> Iterator[list[dict[str, Any]]]:
    batch = (
        sa.select(TODOS)
        .where(TODOS.c.id > sa.bindparam("after"), MAY_DIFFER[connection.dialect.name])
        .order_by(TODOS.c.id)
        .limit(BATCH_SIZE)
    )
    after = 0
    while todos := connection.execute(batch, {"after": after}).mappings().all():
        changes = [change for todo in todos if (change := change_of(todo))]
        if changes:
            yield changes
        after = todos[-1]["id"]


def change_of(todo: sa.RowMapping) -> dict[str, Any] | None:
    """Return the values of ``SAVE``, if there is anything to change."""
    tags: dict[str, str] = {}
    for tag in todo["tags"]:
        tags.setdefault(fold(tag), tag)
    folded = {
        "title_key": fold(todo["title"]),
        "description_key": todo["description"] and fold(todo["description"]),
        "tags": list(tags.values()),
        "tag_keys": list(tags),
    }
    if all(value == todo[name] for name, value in folded.items()):
        return None
    return {f"new_{name}": value for name, value in folded.items()} | {
        "this_id": todo["id"],
        "this_version": todo["version"],
        "has_fewer_tags": folded["tags"] != todo["tags"],
        "now": datetime.now(UTC),
    }


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
