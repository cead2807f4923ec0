"""What people do with their accounts, a method for each use case."""

from collections.abc import Set as AbstractSet

from domain.accounts.lookup import credentials_of
from domain.accounts.model import (
    Account,
    AccountPatch,
    Credentials,
    NewAccount,
    checked_email,
    normalized_password,
)
from domain.accounts.password_policy import checked_new_password, require_unlike_address
from domain.accounts.ports import Passwords
from domain.accounts.requester import Requester
from domain.authentication.principal_cache import PrincipalCache
from domain.clock import Clock
from domain.errors import Conflict, EmailTaken, WrongPassword
from domain.faults import Faults
from domain.store import Repositories, Store
from domain.versions import Versions, apply_change


class AccountService:
    """Keeps accounts; ``common_passwords`` are case-folded and cannot be chosen."""

    def __init__(
        self,
        store: Store,
        *,
        passwords: Passwords,
        common_passwords: AbstractSet[str],
        principal_cache: PrincipalCache,
        now: Clock,
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._common_passwords = common_passwords
        self._principal_cache = principal_cache
        self._now = now

    async def register(self, *, email: str, password: str, address: str | None = None) -> Account:
        """Open an account; ``address`` is where that is asked from.

        :raises Invalid: if the address or the password breaks a rule; ``GuessablePassword`` is one.
        :raises EmailTaken: if another account has the address.
        """
        with Faults() as faults:
            checked_address = faults.of(checked_email, email)
            checked = faults.of(
                checked_new_password, password, email=checked_address or email, common=self._common_passwords
            )
        # An address that is taken costs a hash, too: how long the answer takes tells nothing.
        password_hash = await self._passwords.hash(checked, requester=Requester.from_address(address))
        await self._require_free(email)
        new = NewAccount(email=checked_address, password_hash=password_hash, created_at=self._now())
        return await self._store.accounts.add(new)

    async def get(self, account_id: int) -> Account:
        """Return one account."""
        return await self._store.accounts.get(account_id)

    async def change(self, account_id: int, patch: AccountPatch, *, versions: Versions | None = None) -> Account:
        """Apply a merge patch to the account, again if another writer got there first.

        The password that an e-mail address comes with is checked once, before. Whoever is signed in stays so: the
        password that they gave is the same.

        :raises Invalid: if a value breaks a rule; ``GuessablePassword`` is one.
        :raises WrongPassword: if there is an e-mail address, and the password is wrong.
        :raises EmailTaken: if another account has the address.
        :raises StaleVersion: if the stored version is none of ``versions``.
        :raises Conflict: if other writers were faster a hundred times in a row, or the password was changed meanwhile.
        """
        confirmed = patch.confirmed_email()
        password_hash = None if confirmed is None else await self._confirmed_hash(account_id, patch, *confirmed)
        return await apply_change(
            lambda account: account.patched(patch, at=self._now()),
            get=lambda: self.get(account_id),
            save=lambda changed, replaced: self._store.accounts.save(
                changed, replacing=replaced.version, password_hash=password_hash
            ),
            versions=versions,
            name="account",
        )

    async def change_password(
        self, account_id: int, *, old_password: str, new_password: str, session_id: int | None
    ) -> None:
        """Replace the password and end every session but ``session_id``, which the change is made from.

        :raises Invalid: if the new password breaks a rule; ``GuessablePassword`` is one.
        :raises WrongPassword: if the old password is wrong.
        :raises Conflict: if the password was changed by somebody else meanwhile.
        """
        credentials = await self._store.accounts.credentials(account_id)
        checked = checked_new_password(
            new_password, email=credentials.email, common=self._common_passwords, pointer="/new_password"
        )
        await self._require(old_password, credentials)
        new_hash = await self._passwords.hash(checked, requester=Requester.account(account_id))

        async def replace_and_sign_out(tx: Repositories) -> None:
            if not await tx.accounts.replace_password(account_id, new_hash, replacing=credentials.password_hash):
                raise Conflict("The password was changed meanwhile.")
            await tx.sessions.remove_all(owner_id=account_id, except_id=session_id)

        await self._store.transaction(replace_and_sign_out)
        await self._principal_cache.invalidate(account_id)

    async def close(self, account_id: int, *, password: str) -> None:
        """Remove the account and everything of it, for good.

        :raises WrongPassword: if the password is wrong.
        """
        await self._require(password, await self._store.accounts.credentials(account_id))
        await self._store.accounts.remove(account_id)
        await self._principal_cache.invalidate(account_id)

    async def _confirmed_hash(self, account_id: int, patch: AccountPatch, email: str, password: str) -> str:
        """Return the hash of the password that confirms another address, once nothing speaks against the patch.

        What breaks a rule costs no hash, and an address that is taken costs the same as one that is free.
        """
        account = await self.get(account_id)
        changed = account.patched(patch, at=self._now())
        if changed.email != account.email:
            require_unlike_address(normalized_password(password), email=changed.email, pointer="/email")
        credentials = await self._store.accounts.credentials(account_id)
        await self._require(password, credentials)
        await self._require_free(email, account_id=account_id)
        return credentials.password_hash

    async def _require_free(self, email: str, *, account_id: int | None = None) -> None:
        """Do nothing if the address, in whatever form it is stored, is of no other account.

        Of two who take it at the same moment the store refuses one.

        :raises EmailTaken: otherwise.
        """
        credentials = await credentials_of(self._store.accounts, email)
        if credentials is not None and credentials.account_id != account_id:
            raise EmailTaken("Another account uses this e-mail address.")

    async def _require(self, password: str, credentials: Credentials) -> None:
        """Do nothing if the password is right.

        :raises WrongPassword: otherwise.
        """
        requester = Requester.account(credentials.account_id)
        if not await self._passwords.matches(
            normalized_password(password), credentials.password_hash, requester=requester
        ):
            raise WrongPassword("The password is wrong.")
