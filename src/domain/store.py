"""Where everything is kept: all repositories, and what makes several changes one."""

from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from domain.accounts.ports import AccountRepository
from domain.api_tokens.ports import ApiTokenRepository
from domain.posts.ports import PostRepository
from domain.quotas.ports import UsageRepository
from domain.sessions.ports import SessionRepository
from domain.todos.ports import TodoRepository


@dataclass(kw_only=True, eq=False)
class Repositories:
    """One repository for each aggregate, and one for how much each account keeps."""

    accounts: AccountRepository
    sessions: SessionRepository
    api_tokens: ApiTokenRepository
    todos: TodoRepository
    posts: PostRepository
    usage: UsageRepository


class Store(Repositories, ABC):
    """Repositories whose every method is atomic by itself: it happens whole or not at all.

    Most use cases change one thing, conditionally on its version, and need no more than that; on a database this is
    one round trip instead of three. A use case that changes two things opens a transaction.
    """

    @abstractmethod
    def transaction(self) -> AbstractAsyncContextManager[Repositories]:
        """Make everything done with the repositories it yields one change.

        Leaving the block commits, an exception rolls everything back and goes on. An error of a repository is to be
        such an exception: some databases go on after one, others do not.
        """
