"""What a row of a to-do is: how it is read, how it is written, and the statements that do so with one of them."""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import BindParameter, bindparam, delete, insert, select, update

from adapters.sqlalchemy.columns import columns_of
from adapters.sqlalchemy.database import Statement, instant
from adapters.sqlalchemy.tables import TodoRow
from domain.text import fold
from domain.todos.due import Due
from domain.todos.model import Todo


def to_todo(
    id: int,
    title: str,
    description: str | None,
    done: bool,  # noqa: FBT001 - rows are arguments by position
    done_at: datetime | None,
    priority: int | None,
    tags: list[str],
    due_date: date | None,
    due_time: time | None,
    due_zone: str | None,
    due_at: datetime | None,
    created_at: datetime,
    updated_at: datetime,
    version: int,
    *_: object,
) -> Todo:
    """Return the to-do of a row of ``COLUMNS``."""
    return Todo(
        id=id,
        title=title,
        description=description,
        done=done,
        done_at=done_at,
        priority=priority,
        tags=tuple(tags),
        due=None if due_date is None or due_zone is None else Due(date=due_date, time=due_time, zone=due_zone),
        due_at=instant(due_at),
        created_at=created_at,
        updated_at=updated_at,
        version=version,
    )


def folded(*, title: str, description: str | None, tags: Iterable[str]) -> dict[str, object]:
    """Return the columns that are made from others, see ``tables``."""
    return {
        "title_key": fold(title),
        "description_key": description and fold(description),
        "tag_keys": [fold(tag) for tag in tags],
    }


def to_values(todo: Todo) -> dict[str, object]:
    """Return what is written of a to-do, by the names of the columns."""
    due = todo.due
    return {
        "title": todo.title,
        "description": todo.description,
        "done": todo.done,
        "done_at": todo.done_at,
        "priority": todo.priority,
        "tags": list(todo.tags),
        "due_date": due and due.date,
        "due_time": due and due.time,
        "due_zone": due and due.zone,
        "due_at": todo.due_at,
        "created_at": todo.created_at,
        "updated_at": todo.updated_at,
        "version": todo.version,
        **folded(title=todo.title, description=todo.description, tags=todo.tags),
    }


COLUMNS = columns_of(TodoRow, to_todo)
OF_OWNER = TodoRow.owner_id == bindparam("owner")

_this_one = TodoRow.id == bindparam("todo_id")
_this_version = TodoRow.version == bindparam("replacing")
_written: dict[str, BindParameter[Any]] = {
    column.name: bindparam(column.name) for column in TodoRow.__table__.columns if column.name not in {"id", "owner_id"}
}

ADD = Statement(insert(TodoRow).values(owner_id=bindparam("owner"), **_written).returning(TodoRow.id))
GET = Statement(select(*COLUMNS).where(_this_one, OF_OWNER))
SAVE = Statement(update(TodoRow).where(_this_one, OF_OWNER, _this_version).values(**_written))
REMOVE = Statement(delete(TodoRow).where(_this_one, OF_OWNER))
REMOVE_VERSION = Statement(delete(TodoRow).where(_this_one, OF_OWNER, _this_version))
