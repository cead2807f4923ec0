"""Accounts in a database."""

from datetime import datetime

from sqlalchemy import bindparam, delete, insert, or_, select, update

from adapters.sqlalchemy.columns import columns_of
from adapters.sqlalchemy.database import Connection, Row, Statement, UniqueViolation
from adapters.sqlalchemy.tables import AccountRow
from domain.accounts.model import Account, Credentials, NewAccount
from domain.errors import Conflict, EmailTaken, StaleVersion, Unauthenticated


def _to_account(
    id: int,
    email: str,
    display_name: str | None,
    time_zone: str,
    created_at: datetime,
    updated_at: datetime,
    version: int,
) -> Account:
    return Account(
        id=id,
        email=email,
        display_name=display_name,
        time_zone=time_zone,
        created_at=created_at,
        updated_at=updated_at,
        version=version,
    )


def _to_credentials(id: int, email: str, password_hash: str) -> Credentials:
    return Credentials(account_id=id, email=email, password_hash=password_hash)


_columns = columns_of(AccountRow, _to_account)
_this_one = AccountRow.id == bindparam("account_id")

_ADD = Statement(
    insert(AccountRow)
    .values(
        email=bindparam("email"),
        password_hash=bindparam("password_hash"),
        time_zone="UTC",
        created_at=bindparam("now"),
        updated_at=bindparam("now"),
        version=1,
    )
    .returning(*_columns)
)
_GET = Statement(select(*_columns).where(_this_one))
_verified = bindparam("password_hash", type_=AccountRow.password_hash.type)
_SAVE = Statement(
    update(AccountRow)
    .where(
        _this_one,
        AccountRow.version == bindparam("replacing"),
        or_(_verified.is_(None), AccountRow.password_hash == _verified),
    )
    .values(
        email=bindparam("email"),
        display_name=bindparam("display_name"),
        time_zone=bindparam("time_zone"),
        updated_at=bindparam("now"),
        version=bindparam("new_version"),
    )
)
_REMOVE = Statement(delete(AccountRow).where(_this_one))
_credentials = columns_of(AccountRow, _to_credentials)
_CREDENTIALS = Statement(select(*_credentials).where(_this_one))
_CREDENTIALS_BY_EMAIL = Statement(select(*_credentials).where(AccountRow.email == bindparam("email")))
_REPLACE_PASSWORD = Statement(
    update(AccountRow)
    .where(_this_one, AccountRow.password_hash == bindparam("replacing"))
    .values(password_hash=bindparam("new_hash"))
)


class SqlAlchemyAccounts:
    """Implements ``domain.accounts.ports.AccountRepository``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, new: NewAccount) -> Account:
        """See the port."""
        try:
            row = await self._connection.fetch_one(
                _ADD, email=new.email, password_hash=new.password_hash, now=new.created_at
            )
        except UniqueViolation:
            raise EmailTaken("Another account uses this e-mail address.") from None
        return _to_account(*_existing(row))

    async def get(self, account_id: int) -> Account:
        """See the port."""
        return _to_account(*_existing(await self._connection.fetch_one(_GET, account_id=account_id)))

    async def save(self, account: Account, *, replacing: int, password_hash: str | None = None) -> None:
        """See the port."""
        try:
            saved = await self._connection.execute(
                _SAVE,
                account_id=account.id,
                replacing=replacing,
                password_hash=password_hash,
                email=account.email,
                display_name=account.display_name,
                time_zone=account.time_zone,
                now=account.updated_at,
                new_version=account.version,
            )
        except UniqueViolation:
            raise EmailTaken("Another account uses this e-mail address.") from None
        if not saved:
            credentials = await self.credentials(account.id)
            if password_hash is not None and credentials.password_hash != password_hash:
                raise Conflict("The password was changed meanwhile.")
            raise StaleVersion("The account was changed meanwhile.")

    async def remove(self, account_id: int) -> None:
        """See the port."""
        await self._connection.execute(_REMOVE, account_id=account_id)

    async def credentials_by_email(self, email: str) -> Credentials | None:
        """See the port."""
        row = await self._connection.fetch_one(_CREDENTIALS_BY_EMAIL, email=email)
        return None if row is None else _to_credentials(*row)

    async def credentials(self, account_id: int) -> Credentials:
        """See the port."""
        return _to_credentials(*_existing(await self._connection.fetch_one(_CREDENTIALS, account_id=account_id)))

    async def replace_password(self, account_id: int, password_hash: str, *, replacing: str) -> bool:
        """See the port."""
        replaced = await self._connection.execute(
            _REPLACE_PASSWORD, account_id=account_id, new_hash=password_hash, replacing=replacing
        )
        return bool(replaced)


def _existing(row: Row | None) -> Row:
    if row is None:
        raise Unauthenticated("The account is gone.")
    return row
