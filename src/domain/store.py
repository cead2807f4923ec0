"""Where everything is kept: all repositories, and what makes several changes one."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from domain.accounts.ports import AccountRepository
from domain.api_tokens.ports import ApiTokenRepository
from domain.posts.ports import PostRepository
from domain.quotas.ports import UsageRepository
from domain.sessions.ports import SessionRepository
from domain.todos.ports import TodoRepository


class Repositories(Protocol):
    """One repository for each aggregate."""

    @property
    def accounts(self) -> AccountRepository:
        """The accounts."""
        ...

    @property
    def sessions(self) -> SessionRepository:
        """The sessions."""
        ...

    @property
    def api_tokens(self) -> ApiTokenRepository:
        """The API tokens."""
        ...

    @property
    def todos(self) -> TodoRepository:
        """The to-dos."""
        ...

    @property
    def posts(self) -> PostRepository:
        """The posts."""
        ...

    @property
    def usage(self) -> UsageRepository:
        """How much each account keeps."""
        ...


class Store(Repositories, Protocol):
    """Repositories whose every method is atomic by itself: it happens whole or not at all.

    Most use cases change one thing, conditionally on its version, and need no more than that; on a database this is
    one round trip instead of three. A use case that changes two things opens a transaction.
    """

    def transaction(self) -> AbstractAsyncContextManager[Repositories]:
        """Make everything done with the repositories it yields one change.

        Leaving the block commits, an exception rolls everything back and goes on. An error of a repository is to be
        such an exception: some databases go on after one, others do not.
        """
        ...
