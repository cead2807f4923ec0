"""Sessions in memory."""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from adapters.memory.accounts import existing_account
from adapters.memory.state import State, Table, Tables, Transaction
from domain.errors import NotFound, Unauthenticated
from domain.sessions.model import Family, NewSession, Session


class StoredSession(Struct, frozen=True):
    """A session, and the digests that name its tokens."""

    session: Session
    family: Family
    family_digest: str

    @property
    def owner_id(self) -> int:
        """See ``Row``."""
        return self.family.account_id


SESSIONS = Table[StoredSession]()


class MemorySessions:
    """Implements ``domain.sessions.ports.SessionRepository``."""

    def __init__(self, state: State | Transaction) -> None:
        self._state = state

    async def add(self, new: NewSession, *, owner_id: int, password_hash: str | None = None) -> Session:
        """See the port."""
        async with self._state.writing() as tables:
            account = existing_account(tables, owner_id)
            if password_hash is not None and account.password_hash != password_hash:
                raise Unauthenticated("The password is another one.")
            session = Session(
                id=self._state.new_id(),
                user_agent=new.user_agent,
                created_at=new.created_at,
                last_used_at=new.created_at,
                expires_at=new.expires_at,
            )
            family = Family(
                session_id=session.id,
                account_id=owner_id,
                token_digest=new.token_digest,
                previous_digest=None,
                created_at=new.created_at,
                rotated_at=new.created_at,
                expires_at=new.expires_at,
            )
            tables[SESSIONS][session.id] = StoredSession(session, family, new.family_digest)
        return session

    async def family(self, family_digest: str) -> Family | None:
        """See the port."""
        for stored in self._state.tables[SESSIONS].values():
            if stored.family_digest == family_digest:
                return stored.family
        return None

    async def rotate(
        self, session_id: int, *, owner_id: int, digest: str, replacing: str, at: datetime, expires_at: datetime
    ) -> bool:
        """See the port."""
        async with self._state.writing() as tables:
            stored = _own(tables, session_id, owner_id)
            if stored is None or stored.family.token_digest != replacing:
                return False
            tables[SESSIONS][session_id] = replace(
                stored,
                session=replace(stored.session, last_used_at=at, expires_at=expires_at),
                family=replace(
                    stored.family,
                    token_digest=digest,
                    previous_digest=replacing,
                    rotated_at=at,
                    expires_at=expires_at,
                ),
            )
            return True

    async def is_live(self, session_id: int, *, owner_id: int, started_at: datetime, at: datetime) -> bool:
        """See the port."""
        stored = _own(self._state.tables, session_id, owner_id)
        return stored is not None and stored.session.created_at == started_at and at < stored.session.expires_at

    async def list_all(self, *, owner_id: int, at: datetime) -> list[Session]:
        """See the port."""
        own = [
            stored.session
            for stored in self._state.tables[SESSIONS].values()
            if stored.owner_id == owner_id and at < stored.session.expires_at
        ]
        return sorted(own, key=lambda session: (session.last_used_at, session.id), reverse=True)

    async def remove(self, session_id: int, *, owner_id: int) -> None:
        """See the port."""
        async with self._state.writing() as tables:
            if _own(tables, session_id, owner_id) is None:
                raise NotFound("There is no such session.")
            del tables[SESSIONS][session_id]

    async def remove_all(self, *, owner_id: int, except_id: int | None = None) -> int:
        """See the port."""
        async with self._state.writing() as tables:
            gone = [key for key, row in tables[SESSIONS].items() if row.owner_id == owner_id and key != except_id]
            for key in gone:
                del tables[SESSIONS][key]
            return len(gone)

    async def remove_of_everybody(self, *, limit: int) -> int:
        """See the port."""
        async with self._state.writing() as tables:
            gone = list(tables[SESSIONS])[:limit]
            for key in gone:
                del tables[SESSIONS][key]
            return len(gone)

    async def trim(self, *, owner_id: int, at: datetime, limit: int, newest: int) -> bool:
        """See the port."""
        async with self._state.writing() as tables:
            live = [session.id for session in await self.list_all(owner_id=owner_id, at=at)]
            kept = set(sorted(live, key=newest.__ne__)[:limit])  # a stable order: what is not the newest stays as it is
            gone = [key for key, row in tables[SESSIONS].items() if row.owner_id == owner_id and key not in kept]
            for key in gone:
                del tables[SESSIONS][key]
            return bool(gone)


def _own(tables: Tables, session_id: int, owner_id: int) -> StoredSession | None:
    stored = tables[SESSIONS].get(session_id)
    return stored if stored is not None and stored.owner_id == owner_id else None
