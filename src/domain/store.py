"""Where everything is kept: all repositories, and what makes several changes one."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from domain.accounts.ports import AccountRepository
from domain.api_tokens.ports import ApiTokenRepository
from domain.posts.ports import PostRepository
from domain.quotas.ports import UsageRepository
from domain.sessions.ports import SessionRepository
from domain.todos.ports import TodoRepository

Result = TypeVar("Result")


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
    one round trip instead of three. A use case that changes two things does so in a transaction.
    """

    @abstractmethod
    async def transaction(self, work: Callable[[Repositories], Awaitable[Result]], /) -> Result:
        """Make everything that ``work`` does with the repositories it is called with one change; return its result.

        When it returns, that is committed; an exception rolls everything back and goes on. An error of a repository is
        to be such an exception: some databases go on after one, others do not.

        ``work`` awaits nothing but these repositories: others wait for what it has locked, and an embedded database
        runs it in a thread where there is nothing else to wait for.
        """
