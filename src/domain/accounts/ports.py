"""What accounts need of the outside."""

from typing import Protocol

from domain.accounts.model import Account, Credentials, NewAccount
from domain.accounts.requester import Requester


class AccountRepository(Protocol):
    """The accounts. An account owns itself: its id is the ownership."""

    async def add(self, new: NewAccount) -> Account:
        """Store a new account and return it with its id.

        :raises EmailTaken: if another account has the address.
        """
        ...

    async def get(self, account_id: int) -> Account:
        """Return one account.

        :raises Unauthenticated: if it is gone; whoever asks was signed in to it.
        """
        ...

    async def save(self, account: Account, *, replacing: int, password_hash: str | None = None) -> None:
        """Store ``account`` over the version ``replacing``, in one step; nothing is changed if that fails.

        If ``password_hash`` is given, only while it is the account's: what a password was asked for must not happen
        once that is another one.

        :raises Unauthenticated: if it is gone.
        :raises StaleVersion: if the stored version is another one.
        :raises EmailTaken: if another account has the address.
        :raises Conflict: if the password is another one.
        """
        ...

    async def remove(self, account_id: int) -> None:
        """Remove the account and everything of it; removing nothing is no error."""
        ...

    async def credentials_by_email(self, email: str) -> Credentials | None:
        """Return what the password of that address is checked against, if there is such an account."""
        ...

    async def credentials(self, account_id: int) -> Credentials:
        """Return what the account's password is checked against.

        :raises Unauthenticated: if the account is gone.
        """
        ...

    async def replace_password(self, account_id: int, password_hash: str, *, replacing: str) -> bool:
        """Store a new password hash if the stored one still is ``replacing``, and tell whether it was."""
        ...


class Passwords(Protocol):
    """A slow, salted password hash (OWASP ASVS 6.2; argon2id, RFC 9106).

    It is so slow that few can be computed at once: whoever asks waits for a turn.
    """

    async def hash(self, password: str, *, requester: Requester) -> str:
        """Return a hash that carries its salt and its parameters.

        :raises TooManyConcurrent: if too many of the same requester are wanted; ``matches`` does, too.
        :raises Overloaded: if too many of others are; likewise.
        """
        ...

    async def matches(self, password: str, password_hash: str | None, *, requester: Requester) -> bool:
        """Tell whether the password has that hash; for ``None`` it takes as long, and the answer is no."""
        ...

    def is_outdated(self, password_hash: str) -> bool:
        """Tell whether the hash was made with other parameters than are used now."""
        ...
