"""API tokens in a database."""

from datetime import datetime

from sqlalchemy import Integer, bindparam, delete, func, insert, select, update
from sqlalchemy.orm import aliased

from adapters.sqlalchemy.columns import columns_of
from adapters.sqlalchemy.database import Connection, ForeignKeyViolation, Statement, instant
from adapters.sqlalchemy.tables import AccountRow, ApiTokenRow
from domain.api_tokens.model import ApiToken
from domain.authentication.principal import TokenScope
from domain.errors import NotFound, Unauthenticated


def _to_token(
    id: int,
    name: str,
    scopes: list[str],
    created_at: datetime,
    expires_at: datetime | None,
    last_used_at: datetime | None,
) -> ApiToken:
    return ApiToken(
        id=id,
        name=name,
        scopes=tuple(TokenScope(scope) for scope in scopes),
        created_at=created_at,
        expires_at=instant(expires_at),
        last_used_at=last_used_at,
    )


_columns = columns_of(ApiTokenRow, _to_token)
_of_owner = ApiTokenRow.account_id == bindparam("owner_id")
_this_one = ApiTokenRow.id == bindparam("token_id")

_ADD = Statement(
    insert(ApiTokenRow)
    .values(
        account_id=bindparam("owner_id"),
        digest=bindparam("digest"),
        name=bindparam("name"),
        scopes=bindparam("scopes"),
        created_at=bindparam("created_at"),
        expires_at=bindparam("expires_at"),
    )
    .returning(*_columns)
)
# The count comes after the lock, in a statement of its own: one that waited would count what it saw before it did.
_LOCK_OWNER = Statement(
    select(AccountRow.id).where(AccountRow.id == bindparam("owner_id")).with_for_update(key_share=True)
)
_COUNT = Statement(select(func.count()).select_from(ApiTokenRow).where(_of_owner))
_BY_DIGEST = Statement(select(ApiTokenRow.account_id, *_columns).where(ApiTokenRow.digest == bindparam("digest")))
_TOUCH = Statement(update(ApiTokenRow).where(_this_one, _of_owner).values(last_used_at=bindparam("now")))
_LIST = Statement(select(*_columns).where(_of_owner).order_by(ApiTokenRow.id.desc()))
_REMOVE = Statement(delete(ApiTokenRow).where(_this_one, _of_owner))
_REMOVE_ALL = Statement(delete(ApiTokenRow).where(_of_owner))
_some = aliased(ApiTokenRow)
_REMOVE_OF_EVERYBODY = Statement(
    delete(ApiTokenRow).where(
        ApiTokenRow.id.in_(select(_some.id).order_by(_some.id).limit(bindparam("limit", type_=Integer)))
    )
)


class SqlAlchemyApiTokens:
    """Implements ``domain.api_tokens.ports.ApiTokenRepository``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, token: ApiToken, *, owner_id: int, digest: str) -> ApiToken:
        """See the port."""
        try:
            row = await self._connection.fetch_one(
                _ADD,
                owner_id=owner_id,
                digest=digest,
                name=token.name,
                scopes=[str(scope) for scope in token.scopes],
                created_at=token.created_at,
                expires_at=token.expires_at,
            )
        except ForeignKeyViolation:
            raise Unauthenticated("The account is gone.") from None
        assert row is not None  # noqa: S101 - an INSERT that returns no row has raised
        return _to_token(*row)

    async def count(self, *, owner_id: int) -> int:
        """See the port."""
        if await self._connection.fetch_one(_LOCK_OWNER, owner_id=owner_id) is None:
            raise Unauthenticated("The account is gone.")
        (row,) = await self._connection.fetch_all(_COUNT, owner_id=owner_id)
        return row[0]

    async def by_digest(self, digest: str) -> tuple[int, ApiToken] | None:
        """See the port."""
        row = await self._connection.fetch_one(_BY_DIGEST, digest=digest)
        return None if row is None else (row[0], _to_token(*row[1:]))

    async def touch(self, token_id: int, *, owner_id: int, at: datetime) -> None:
        """See the port."""
        await self._connection.execute(_TOUCH, token_id=token_id, owner_id=owner_id, now=at)

    async def list_all(self, *, owner_id: int) -> list[ApiToken]:
        """See the port."""
        return [_to_token(*row) for row in await self._connection.fetch_all(_LIST, owner_id=owner_id)]

    async def remove(self, token_id: int, *, owner_id: int) -> None:
        """See the port."""
        if not await self._connection.execute(_REMOVE, token_id=token_id, owner_id=owner_id):
            raise NotFound("There is no such API token.")

    async def remove_all(self, *, owner_id: int) -> int:
        """See the port."""
        return await self._connection.execute(_REMOVE_ALL, owner_id=owner_id)

    async def remove_of_everybody(self, *, limit: int) -> int:
        """See the port."""
        return await self._connection.execute(_REMOVE_OF_EVERYBODY, limit=limit)
