"""What accounts keep, in memory."""

from adapters.memory.accounts import existing_account
from adapters.memory.posts import POSTS
from adapters.memory.state import State, Transaction
from adapters.memory.todos import TODOS
from domain.quotas.model import Usage


class MemoryUsage:
    """Implements ``domain.quotas.ports.UsageRepository``."""

    def __init__(self, state: State | Transaction) -> None:
        self._state = state

    async def measure(self, *, owner_id: int) -> Usage:
        """See the port."""
        tables = self._state.tables
        todos = [stored.todo.size for stored in tables[TODOS].values() if stored.owner_id == owner_id]
        posts = [len(stored.post.content.encode()) for stored in tables[POSTS].values() if stored.owner_id == owner_id]
        return Usage(todos=len(todos), bytes=sum(todos) + sum(posts), posts=len(posts))

    async def lock(self, *, owner_id: int) -> None:
        """See the port; a transaction has everything locked."""
        existing_account(self._state.tables, owner_id)
