"""The tables, for both databases.

Folded copies (``title_key``, ``description_key``, ``tag_keys``) stand beside what they are folded from, see
``domain.text.fold``. ``AUTOINCREMENT`` keeps SQLite from giving the id of a removed row to a new one: an old link or
token must never lead to something else. PostgreSQL's identity columns do that by themselves.
"""

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Date, ForeignKey, Index, SmallInteger, String, Text, Time
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from adapters.sqlalchemy.base import DateTimeUTC, IdentityBase

TextArray = ARRAY(Text).with_variant(JSON(), "sqlite")
ByCodePoint = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is ordered by its code points, as Python and SQLite do, whatever the locale of the database."""

Instant = DateTimeUTC()
NEVER_REUSE_IDS: dict[str, Any] = {"sqlite_autoincrement": True}


class AccountRow(IdentityBase):
    """An account."""

    __tablename__ = "accounts"
    __table_args__ = NEVER_REUSE_IDS

    email: Mapped[str] = mapped_column(String(100), unique=True)
    password_hash: Mapped[str] = mapped_column(Text)
    display_name: Mapped[str | None] = mapped_column(String(100))
    time_zone: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int]


class SessionRow(IdentityBase):
    """A session: one family of refresh tokens, of which digests only are kept."""

    __tablename__ = "sessions"
    __table_args__ = NEVER_REUSE_IDS

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    family_digest: Mapped[str] = mapped_column(String(64), unique=True)
    token_digest: Mapped[str] = mapped_column(String(64))
    previous_digest: Mapped[str | None] = mapped_column(String(64))
    user_agent: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Instant)
    rotated_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)


class ApiTokenRow(IdentityBase):
    """A personal API token, of which a digest only is kept."""

    __tablename__ = "api_tokens"
    __table_args__ = NEVER_REUSE_IDS

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    scopes: Mapped[list[str]] = mapped_column(TextArray)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)


class TodoRow(IdentityBase):
    """A to-do.

    Only the default order and the due date have an index that sorts: an owner's rows are few enough to sort the
    others on the fly, and every index is paid for with each write.
    """

    __tablename__ = "todos"

    owner_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(200))
    title_key: Mapped[str] = mapped_column(ByCodePoint)
    description: Mapped[str | None] = mapped_column(Text)
    description_key: Mapped[str | None] = mapped_column(Text)
    done: Mapped[bool]
    done_at: Mapped[datetime | None] = mapped_column(Instant)
    priority: Mapped[int | None] = mapped_column(SmallInteger)
    tags: Mapped[list[str]] = mapped_column(TextArray)
    tag_keys: Mapped[list[str]] = mapped_column(TextArray)
    due_date: Mapped[date | None] = mapped_column(Date)
    due_time: Mapped[time | None] = mapped_column(Time)
    due_zone: Mapped[str | None] = mapped_column(String(64))
    due_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int]

    __table_args__ = (
        CheckConstraint("priority BETWEEN 1 AND 5", name="priority"),
        CheckConstraint("done = (done_at IS NOT NULL)", name="done_at"),
        Index("ix_todos_owner_id_created_at_id", "owner_id", "created_at", "id"),
        Index("ix_todos_owner_id_due_at_id", "owner_id", "due_at", "id"),
        NEVER_REUSE_IDS,
    )


class PostRow(IdentityBase):
    """A post on the public notice board; the author is unknown where it was imported."""

    __tablename__ = "posts"

    author_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    content: Mapped[str] = mapped_column(Text)
    author_email: Mapped[str] = mapped_column(String(100))
    created_time: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (Index("ix_posts_created_time_id", "created_time", "id"), NEVER_REUSE_IDS)


METADATA = IdentityBase.metadata
