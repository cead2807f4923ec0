"""Passwords that are guessed first, and therefore refused (NIST SP 800-63B-4, section 3.1.1.2)."""

from collections.abc import Set as AbstractSet

from domain.accounts.model import checked_password
from domain.errors import GuessablePassword

_ABOUT_THIS_SERVICE = frozenset(
    {"todo api", "todo-api", "todo_api", "todo.api", "todolist", "todo list", "todo-list", "todo_list", "todo.list"}
)
"""The words that everybody who guesses here tries (OWASP ASVS 5.0, 6.1.2)."""


def checked_new_password(text: str, *, email: str, common: AbstractSet[str], pointer: str = "/password") -> str:
    """Return a password that is to be set, in the form that is hashed.

    ``email`` is the address it will be used with; ``common`` has the most used passwords, case-folded.

    :raises Invalid: if it has fewer than 8 or more than 256 characters.
    :raises GuessablePassword: if it is among the first that somebody would try.
    """
    password = checked_password(text, pointer=pointer)
    folded = password.casefold()
    if folded in common or folded in _ABOUT_THIS_SERVICE:
        raise GuessablePassword("This password is one of the most used; choose another one.", pointer=pointer)
    require_unlike_address(password, email=email, pointer=pointer)
    return password


def require_unlike_address(password: str, *, email: str, pointer: str) -> None:
    """Do nothing if a password is neither the e-mail address nor what stands in it before the ``@``.

    :raises GuessablePassword: otherwise.
    """
    if password.casefold() in {email.casefold(), email.partition("@")[0].casefold()}:
        raise GuessablePassword("The password must not be the e-mail address or a part of it.", pointer=pointer)
