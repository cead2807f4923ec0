"""Whose an e-mail address is."""

from domain.accounts.model import Credentials, forms_of_email
from domain.accounts.ports import AccountRepository


async def credentials_of(accounts: AccountRepository, email: str) -> Credentials | None:
    """Return the credentials of the account that somebody means who writes this address; ``None`` if there is none."""
    for form in forms_of_email(email):
        if (credentials := await accounts.credentials_by_email(form)) is not None:
            return credentials
    return None
