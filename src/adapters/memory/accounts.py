"""Accounts in memory."""

from msgspec.structs import replace

from adapters.memory.state import State, StoredAccount, Tables, Transaction
from domain.accounts.model import Account, Credentials, NewAccount
from domain.errors import EmailTaken, StaleVersion, Unauthenticated


class MemoryAccounts:
    """Implements ``domain.accounts.ports.AccountRepository``."""

    def __init__(self, state: State | Transaction) -> None:
        self._state = state

    async def add(self, new: NewAccount) -> Account:
        """See the port."""
        async with self._state.writing() as tables:
            if any(stored.account.email == new.email for stored in tables.accounts.values()):
                raise EmailTaken("Another account uses this e-mail address.")
            account = Account(
                id=self._state.new_id(),
                email=new.email,
                display_name=None,
                time_zone="UTC",
                created_at=new.created_at,
                updated_at=new.created_at,
                version=1,
            )
            tables.accounts[account.id] = StoredAccount(account, new.password_hash)
        return account

    async def get(self, account_id: int) -> Account:
        """See the port."""
        return existing_account(self._state.tables, account_id).account

    async def save(self, account: Account, *, replacing: int) -> None:
        """See the port."""
        async with self._state.writing() as tables:
            stored = existing_account(tables, account.id)
            if stored.account.version != replacing:
                raise StaleVersion("The account was changed meanwhile.")
            tables.accounts[account.id] = replace(stored, account=account)

    async def remove(self, account_id: int) -> None:
        """See the port."""
        async with self._state.writing() as tables:
            tables.accounts.pop(account_id, None)
            tables.sessions = {key: row for key, row in tables.sessions.items() if row.family.account_id != account_id}
            tables.api_tokens = {key: row for key, row in tables.api_tokens.items() if row.owner_id != account_id}
            tables.todos = {key: row for key, row in tables.todos.items() if row.owner_id != account_id}
            tables.posts = {key: row for key, row in tables.posts.items() if row.author_id != account_id}

    async def credentials_by_email(self, email: str) -> Credentials | None:
        """See the port."""
        for account_id, stored in self._state.tables.accounts.items():
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
            stored = tables.accounts.get(account_id)
            if stored is None or stored.password_hash != replacing:
                return False
            tables.accounts[account_id] = replace(stored, password_hash=password_hash)
            return True


def existing_account(tables: Tables, account_id: int) -> StoredAccount:
    """Return an account's row.

    :raises Unauthenticated: if it is gone.
    """
    try:
        return tables.accounts[account_id]
    except KeyError:
        raise Unauthenticated("The account is gone.") from None
