"""Sessions in a database."""

from datetime import datetime

from sqlalchemy import BigInteger, Integer, bindparam, delete, insert, or_, select, update
from sqlalchemy.orm import aliased

from adapters.sqlalchemy.columns import columns_of
from adapters.sqlalchemy.database import Connection, Statement
from adapters.sqlalchemy.tables import AccountRow, Instant, SessionRow
from domain.errors import NotFound, Unauthenticated
from domain.sessions.model import Family, NewSession, Session


def _to_session(
    id: int, user_agent: str | None, created_at: datetime, rotated_at: datetime, expires_at: datetime
) -> Session:
    return Session(id=id, user_agent=user_agent, created_at=created_at, last_used_at=rotated_at, expires_at=expires_at)


def _to_family(
    id: int,
    account_id: int,
    token_digest: str,
    previous_digest: str | None,
    created_at: datetime,
    rotated_at: datetime,
    expires_at: datetime,
) -> Family:
    return Family(
        session_id=id,
        account_id=account_id,
        token_digest=token_digest,
        previous_digest=previous_digest,
        created_at=created_at,
        rotated_at=rotated_at,
        expires_at=expires_at,
    )


_columns = columns_of(SessionRow, _to_session)
_of_owner = SessionRow.account_id == bindparam("owner_id")
_this_one = SessionRow.id == bindparam("session_id")
_not_expired = SessionRow.expires_at > bindparam("now")

# The lock makes a change of the password wait, or makes this wait for it and then see the new one.
_verified = bindparam("password_hash", type_=AccountRow.password_hash.type)
_ADD = Statement(
    insert(SessionRow)
    .from_select(
        ["account_id", "family_digest", "token_digest", "user_agent", "created_at", "rotated_at", "expires_at"],
        select(
            AccountRow.id,
            bindparam("family_digest", type_=SessionRow.family_digest.type),
            bindparam("token_digest", type_=SessionRow.token_digest.type),
            bindparam("user_agent", type_=SessionRow.user_agent.type),
            bindparam("now", type_=Instant),
            bindparam("now", type_=Instant),
            bindparam("expires_at", type_=Instant),
        )
        .where(
            AccountRow.id == bindparam("owner_id"),
            or_(_verified.is_(None), AccountRow.password_hash == _verified),
        )
        .with_for_update(read=True),
    )
    .returning(*_columns)
)
_FAMILY = Statement(
    select(*columns_of(SessionRow, _to_family)).where(SessionRow.family_digest == bindparam("family_digest"))
)
_ROTATE = Statement(
    update(SessionRow)
    .where(_this_one, _of_owner, SessionRow.token_digest == bindparam("replacing"))
    .values(
        token_digest=bindparam("digest"),
        previous_digest=SessionRow.token_digest,
        rotated_at=bindparam("now"),
        expires_at=bindparam("new_expiry"),
    )
)
_IS_LIVE = Statement(
    select(SessionRow.id).where(
        _this_one, _of_owner, SessionRow.created_at == bindparam("started_at", type_=Instant), _not_expired
    )
)
_LIST = Statement(
    select(*_columns).where(_of_owner, _not_expired).order_by(SessionRow.rotated_at.desc(), SessionRow.id.desc())
)
_REMOVE = Statement(delete(SessionRow).where(_this_one, _of_owner))
_REMOVE_ALL_EXCEPT = Statement(
    delete(SessionRow).where(_of_owner, SessionRow.id != bindparam("except_id", type_=BigInteger))
)
_some = aliased(SessionRow)
_REMOVE_OF_EVERYBODY = Statement(
    delete(SessionRow).where(
        SessionRow.id.in_(select(_some.id).order_by(_some.id).limit(bindparam("limit", type_=Integer)))
    )
)
_kept = aliased(SessionRow)
_TRIM = Statement(
    delete(SessionRow).where(
        _of_owner,
        SessionRow.id.not_in(
            select(_kept.id)
            .where(_kept.account_id == bindparam("owner_id"), _kept.expires_at > bindparam("now"))
            .order_by((_kept.id == bindparam("newest")).desc(), _kept.rotated_at.desc(), _kept.id.desc())
            .limit(bindparam("limit", type_=Integer))
        ),
    )
)
_NO_SESSION = 0
"""An id that no row has."""


class SqlAlchemySessions:
    """Implements ``domain.sessions.ports.SessionRepository``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, new: NewSession, *, owner_id: int, password_hash: str | None = None) -> Session:
        """See the port."""
        row = await self._connection.fetch_one(
            _ADD,
            owner_id=owner_id,
            password_hash=password_hash,
            family_digest=new.family_digest,
            token_digest=new.token_digest,
            user_agent=new.user_agent,
            now=new.created_at,
            expires_at=new.expires_at,
        )
        if row is None:
            raise Unauthenticated("The account is gone, or its password is another one.")
        return _to_session(*row)

    async def family(self, family_digest: str) -> Family | None:
        """See the port."""
        row = await self._connection.fetch_one(_FAMILY, family_digest=family_digest)
        return None if row is None else _to_family(*row)

    async def rotate(
        self, session_id: int, *, owner_id: int, digest: str, replacing: str, at: datetime, expires_at: datetime
    ) -> bool:
        """See the port."""
        rotated = await self._connection.execute(
            _ROTATE,
            session_id=session_id,
            owner_id=owner_id,
            digest=digest,
            replacing=replacing,
            now=at,
            new_expiry=expires_at,
        )
        return bool(rotated)

    async def is_live(self, session_id: int, *, owner_id: int, started_at: datetime, at: datetime) -> bool:
        """See the port."""
        row = await self._connection.fetch_one(
            _IS_LIVE, session_id=session_id, owner_id=owner_id, started_at=started_at, now=at
        )
        return row is not None

    async def list_all(self, *, owner_id: int, at: datetime) -> list[Session]:
        """See the port."""
        return [_to_session(*row) for row in await self._connection.fetch_all(_LIST, owner_id=owner_id, now=at)]

    async def remove(self, session_id: int, *, owner_id: int) -> None:
        """See the port."""
        if not await self._connection.execute(_REMOVE, session_id=session_id, owner_id=owner_id):
            raise NotFound("There is no such session.")

    async def remove_all(self, *, owner_id: int, except_id: int | None = None) -> int:
        """See the port."""
        return await self._connection.execute(_REMOVE_ALL_EXCEPT, owner_id=owner_id, except_id=except_id or _NO_SESSION)

    async def remove_of_everybody(self, *, limit: int) -> int:
        """See the port."""
        return await self._connection.execute(_REMOVE_OF_EVERYBODY, limit=limit)

    async def trim(self, *, owner_id: int, at: datetime, limit: int, newest: int) -> bool:
        """See the port."""
        removed = await self._connection.execute(_TRIM, owner_id=owner_id, now=at, limit=limit, newest=newest)
        return bool(removed)
