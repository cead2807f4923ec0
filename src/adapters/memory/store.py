"""All repositories of one memory."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from adapters.memory.accounts import MemoryAccounts
from adapters.memory.api_tokens import MemoryApiTokens
from adapters.memory.posts import MemoryPosts
from adapters.memory.sessions import MemorySessions
from adapters.memory.state import State, Transaction
from adapters.memory.todos import MemoryTodos
from adapters.memory.usage import MemoryUsage


class MemoryRepositories:
    """Implements ``domain.store.Repositories``."""

    def __init__(self, state: State | Transaction) -> None:
        self.accounts = MemoryAccounts(state)
        self.sessions = MemorySessions(state)
        self.api_tokens = MemoryApiTokens(state)
        self.todos = MemoryTodos(state)
        self.posts = MemoryPosts(state)
        self.usage = MemoryUsage(state)


class MemoryStore(MemoryRepositories):
    """Implements ``domain.store.Store``."""

    def __init__(self) -> None:
        self._state = State()
        super().__init__(self._state)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[MemoryRepositories]:
        """See the port."""
        async with self._state.transaction() as transaction:
            yield MemoryRepositories(transaction)
