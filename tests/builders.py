"""Data for tests: what a test does not say is ordinary."""

from datetime import datetime, timedelta

from domain.accounts.model import NewAccount
from domain.api_tokens.model import ApiToken
from domain.authentication.principal import TokenScope
from domain.sessions.model import NewSession
from domain.todos.due import Due
from domain.todos.model import Todo
from tests.clock import NOON


def a_new_account(
    email: str = "grace@example.com", *, password_hash: str = "a hash", created_at: datetime = NOON
) -> NewAccount:
    """Return an account to be stored."""
    return NewAccount(email=email, password_hash=password_hash, created_at=created_at)


def a_todo(
    title: str = "Buy oat milk",
    *,
    description: str | None = None,
    done_at: datetime | None = None,
    priority: int | None = None,
    tags: tuple[str, ...] = (),
    due: Due | None = None,
    created_at: datetime = NOON,
    updated_at: datetime | None = None,
    version: int = 1,
) -> Todo:
    """Return a to-do to be stored; one that has a ``done_at`` is done."""
    return Todo(
        title=title,
        description=description,
        done=done_at is not None,
        done_at=done_at,
        priority=priority,
        tags=tags,
        due=due,
        due_at=due and due.instant(),
        created_at=created_at,
        updated_at=updated_at or created_at,
        version=version,
    )


def due_at(moment: datetime) -> Due:
    """Return the due date, in UTC, that means exactly this moment."""
    return Due(date=moment.date(), time=moment.time(), zone="UTC")


def a_new_session(
    family: str = "family",
    *,
    token: str = "token",
    user_agent: str | None = None,
    created_at: datetime = NOON,
    expires_at: datetime = NOON + timedelta(days=30),
) -> NewSession:
    """Return a session to be stored; ``family`` and ``token`` stand for digests."""
    return NewSession(
        family_digest=family, token_digest=token, user_agent=user_agent, created_at=created_at, expires_at=expires_at
    )


def an_api_token(
    name: str = "backup",
    *,
    scopes: tuple[TokenScope, ...] = (TokenScope.TODOS_READ,),
    created_at: datetime = NOON,
    expires_at: datetime | None = None,
) -> ApiToken:
    """Return an API token to be stored."""
    return ApiToken(name=name, scopes=scopes, created_at=created_at, expires_at=expires_at)
