"""What the controllers can call."""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from domain.accounts.service import AccountService
from domain.api_tokens.service import ApiTokenService
from domain.authentication.service import Authenticator
from domain.posts.service import PostService
from domain.sessions.service import SessionService
from domain.todos.service import TodoService

Readiness = Callable[[], Awaitable[list[str]]]
"""Returns what keeps the service from working, in plain words; nothing if it is ready."""


class Services(Struct, frozen=True, kw_only=True):
    """One service for each aggregate, who is asking, and whether everything works."""

    accounts: AccountService
    sessions: SessionService
    api_tokens: ApiTokenService
    todos: TodoService
    posts: PostService
    authenticator: Authenticator
    readiness: Readiness
