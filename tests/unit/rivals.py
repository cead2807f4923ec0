"""A store in which another writer is always a moment faster, and passwords that count how often they are verified."""

from msgspec.structs import replace

from adapters.memory.accounts import MemoryAccounts
from adapters.memory.state import State
from adapters.memory.store import MemoryStore
from adapters.memory.todos import MemoryTodos
from domain.accounts.model import Account
from domain.accounts.requester import Requester
from domain.todos.model import Todo


class _RivalledTodos(MemoryTodos):
    def __init__(self, state: State, losses: int) -> None:
        super().__init__(state)
        self.losses = losses

    async def save(self, todo: Todo, *, owner_id: int, replacing: int) -> None:
        await self._let_rival_change(todo.id, owner_id)
        await super().save(todo, owner_id=owner_id, replacing=replacing)

    async def remove(self, todo_id: int, *, owner_id: int, version: int | None = None) -> None:
        await self._let_rival_change(todo_id, owner_id)
        await super().remove(todo_id, owner_id=owner_id, version=version)

    async def _let_rival_change(self, todo_id: int, owner_id: int) -> None:
        if self.losses:
            self.losses -= 1
            current = await self.get(todo_id, owner_id=owner_id)
            rivals = replace(current, priority=self.losses % 5 + 1, version=current.version + 1)
            await super().save(rivals, owner_id=owner_id, replacing=current.version)


class _RivalledAccounts(MemoryAccounts):
    def __init__(self, state: State, losses: int) -> None:
        super().__init__(state)
        self.losses = losses

    async def save(self, account: Account, *, replacing: int, password_hash: str | None = None) -> None:
        if self.losses:
            self.losses -= 1
            current = await self.get(account.id)
            rivals = replace(current, time_zone="Asia/Tokyo", version=current.version + 1)
            await super().save(rivals, replacing=current.version)
        await super().save(account, replacing=replacing, password_hash=password_hash)


class RivalledStore(MemoryStore):
    """Loses the first ``losses`` races to another writer, who changes a priority or a time zone."""

    def __init__(self, losses: int) -> None:
        super().__init__()
        self.todos = _RivalledTodos(self._state, losses)
        self.accounts = _RivalledAccounts(self._state, losses)


class CountingPasswords:
    """Implements ``domain.accounts.ports.Passwords``; a hash of version 1 is outdated."""

    def __init__(self) -> None:
        self.verified: list[str | None] = []
        self.hashed = 0
        self.requesters: list[Requester] = []

    async def hash(self, password: str, *, requester: Requester) -> str:
        self.requesters.append(requester)
        self.hashed += 1
        return f"v2:{password}"

    async def matches(self, password: str, password_hash: str | None, *, requester: Requester) -> bool:
        self.requesters.append(requester)
        self.verified.append(password_hash)
        return password_hash is not None and password_hash.partition(":")[2] == password

    def is_outdated(self, password_hash: str) -> bool:
        return password_hash.startswith("v1:")
