"""Who is asking."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from domain.errors import Forbidden, InsufficientScope


class TokenScope(StrEnum):
    """What an API token may be used for; a session may do everything."""

    TODOS_READ = "todos:read"
    TODOS_WRITE = "todos:write"
    POSTS_WRITE = "posts:write"
    ACCOUNT_READ = "account:read"
    ACCOUNT_WRITE = "account:write"


EVERY_SCOPE = frozenset(TokenScope)


class Principal(Struct, frozen=True, kw_only=True):
    """An account, and what it asks through: a session, or an API token that may expire."""

    account_id: int
    scopes: frozenset[TokenScope]
    session_id: int | None = None
    token_id: int | None = None
    expires_at: datetime | None = None

    def require(self, scope: TokenScope) -> None:
        """Do nothing if the scope was given.

        :raises InsufficientScope: otherwise.
        """
        if scope not in self.scopes:
            raise InsufficientScope(scope)

    def own_session(self) -> int:
        """Return the session this principal asks through.

        :raises Forbidden: if it asks through an API token.
        """
        if self.session_id is None:
            raise Forbidden("An API token has no session.")
        return self.session_id
