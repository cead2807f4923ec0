"""All repositories of one memory."""

from collections.abc import Awaitable, Callable

from adapters.memory.accounts import MemoryAccounts
from adapters.memory.api_tokens import MemoryApiTokens
from adapters.memory.posts import MemoryPosts
from adapters.memory.sessions import MemorySessions
from adapters.memory.state import State, Transaction
from adapters.memory.todos import MemoryTodos
from adapters.memory.usage import MemoryUsage
from domain.store import Repositories, Result, Store


class MemoryRepositories(Repositories):
    """The repositories on what is committed, or in a transaction."""

    def __init__(self, state: State | Transaction) -> None:
        super().__init__(
            accounts=MemoryAccounts(state),
            sessions=MemorySessions(state),
            api_tokens=MemoryApiTokens(state),
            todos=MemoryTodos(state),
            posts=MemoryPosts(state),
            usage=MemoryUsage(state),
        )


class MemoryStore(MemoryRepositories, Store):
    """Implements ``domain.store.Store``."""

    def __init__(self) -> None:
        self._state = State()
        super().__init__(self._state)

    async def transaction(self, work: Callable[[Repositories], Awaitable[Result]], /) -> Result:
        """See the port."""
        async with self._state.transaction() as transaction:
            return await work(MemoryRepositories(transaction))
