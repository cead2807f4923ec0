"""API tokens in memory."""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from adapters.memory.accounts import existing_account
from adapters.memory.state import State, Table, Transaction
from domain.api_tokens.model import ApiToken
from domain.errors import NotFound


class StoredApiToken(Struct, frozen=True):
    """An API token, who owns it, and the digest it is found by."""

    token: ApiToken
    owner_id: int
    digest: str


API_TOKENS = Table[StoredApiToken]()


class MemoryApiTokens:
    """Implements ``domain.api_tokens.ports.ApiTokenRepository``."""

    def __init__(self, state: State | Transaction) -> None:
        self._state = state

    async def add(self, token: ApiToken, *, owner_id: int, digest: str) -> ApiToken:
        """See the port."""
        async with self._state.writing() as tables:
            existing_account(tables, owner_id)
            stored = replace(token, id=self._state.new_id())
            tables[API_TOKENS][stored.id] = StoredApiToken(stored, owner_id, digest)
        return stored

    async def count(self, *, owner_id: int) -> int:
        """See the port."""
        existing_account(self._state.tables, owner_id)
        return sum(row.owner_id == owner_id for row in self._state.tables[API_TOKENS].values())

    async def by_digest(self, digest: str) -> tuple[int, ApiToken] | None:
        """See the port."""
        for stored in self._state.tables[API_TOKENS].values():
            if stored.digest == digest:
                return stored.owner_id, stored.token
        return None

    async def touch(self, token_id: int, *, owner_id: int, at: datetime) -> None:
        """See the port."""
        async with self._state.writing() as tables:
            stored = tables[API_TOKENS].get(token_id)
            if stored is not None and stored.owner_id == owner_id:
                tables[API_TOKENS][token_id] = replace(stored, token=replace(stored.token, last_used_at=at))

    async def list_all(self, *, owner_id: int) -> list[ApiToken]:
        """See the port."""
        own = (row.token for row in self._state.tables[API_TOKENS].values() if row.owner_id == owner_id)
        return sorted(own, key=lambda token: token.id, reverse=True)

    async def remove(self, token_id: int, *, owner_id: int) -> None:
        """See the port."""
        async with self._state.writing() as tables:
            stored = tables[API_TOKENS].get(token_id)
            if stored is None or stored.owner_id != owner_id:
                raise NotFound("There is no such API token.")
            del tables[API_TOKENS][token_id]

    async def remove_all(self, *, owner_id: int) -> int:
        """See the port."""
        async with self._state.writing() as tables:
            gone = [key for key, row in tables[API_TOKENS].items() if row.owner_id == owner_id]
            for key in gone:
                del tables[API_TOKENS][key]
            return len(gone)

    async def remove_of_everybody(self, *, limit: int) -> int:
        """See the port."""
        async with self._state.writing() as tables:
            gone = list(tables[API_TOKENS])[:limit]
            for key in gone:
                del tables[API_TOKENS][key]
            return len(gone)
