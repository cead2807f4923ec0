"""Accounts in memory."""

from msgspec import Struct
from msgspec.structs import replace

from adapters.memory.state import State, Table, Tables, Transaction
from domain.accounts.model import Account, Credentials, NewAccount
from domain.errors import Conflict, EmailTaken, StaleVersion, Unauthenticated


class StoredAccount(Struct, frozen=True):
    """An account, which belongs to itself, and its password's hash."""

    account: Account
    password_hash: str

    @property
    def owner_id(self) -> int:
        """See ``Row``."""
        return self.account.id


ACCOUNTS = Table[StoredAccount]()


class MemoryAccounts:
    """Implements ``domain.accounts.ports.AccountRepository``."""

    def __init__(self, state: State | Transaction) -> None:
        self._state = state

    async def add(self, new: NewAccount) -> Account:
        """See the port."""
        async with self._state.writing() as tables:
            _require_free(tables, new.email)
            account = Account(
                id=self._state.new_id(),
                email=new.email,
                display_name=None,
                time_zone="UTC",
                created_at=new.created_at,
                updated_at=new.created_at,
                version=1,
            )
            tables[ACCOUNTS][account.id] = StoredAccount(account, new.password_hash)
        return account

    async def get(self, account_id: int) -> Account:
        """See the port."""
        return existing_account(self._state.tables, account_id).account

    async def save(self, account: Account, *, replacing: int, password_hash: str | None = None) -> None:
        """See the port."""
        async with self._state.writing() as tables:
            stored = existing_account(tables, account.id)
            if password_hash is not None and stored.password_hash != password_hash:
                raise Conflict("The password was changed meanwhile.")
            if stored.account.version != replacing:
                raise StaleVersion("The account was changed meanwhile.")
            _require_free(tables, account.email, account_id=account.id)
            tables[ACCOUNTS][account.id] = replace(stored, account=account)

    async def remove(self, account_id: int) -> None:
        """See the port."""
        async with self._state.writing() as tables:
            tables.remove_everything_of(account_id)

    async def credentials_by_email(self, email: str) -> Credentials | None:
        """See the port."""
        for account_id, stored in self._state.tables[ACCOUNTS].items():
            if stored.account.email == email:
                return Credentials(account_id=account_id, email=email, password_hash=stored.password_hash)
        return None

    async def credentials(self, account_id: int) -> Credentials:
        """See the port."""
        stored = existing_account(self._state.tables, account_id)
        return Credentials(account_id=account_id, email=stored.account.email, password_hash=stored.password_hash)

    async def replace_password(self, account_id: int, password_hash: str, *, replacing: str) -> bool:
        """See the port."""
        async with self._state.writing() as tables:
            stored = tables[ACCOUNTS].get(account_id)
            if stored is None or stored.password_hash != replacing:
                return False
            tables[ACCOUNTS][account_id] = replace(stored, password_hash=password_hash)
            return True


def existing_account(tables: Tables, account_id: int) -> StoredAccount:
    """Return an account's row.

    :raises Unauthenticated: if it is gone.
    """
    try:
        return tables[ACCOUNTS][account_id]
    except KeyError:
        raise Unauthenticated("The account is gone.") from None


def _require_free(tables: Tables, email: str, *, account_id: int | None = None) -> None:
    """Do nothing if no other account has the address.

    :raises EmailTaken: otherwise.
    """
    if any(key != account_id and stored.account.email == email for key, stored in tables[ACCOUNTS].items()):
        raise EmailTaken("Another account uses this e-mail address.")
