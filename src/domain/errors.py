"""Everything that can go wrong, as nouns of the domain.

Each error has a stable ``code`` for programs and a ``detail`` for people. What an error means in HTTP is decided in
one place only, ``entrypoints.http.problems``.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

QuotaName = Literal["todos", "bytes", "posts"]

_UNITS: dict[QuotaName, str] = {"todos": "to-dos", "bytes": "bytes of text", "posts": "posts"}


MAX_FAULTS = 20
"""Values that are named together; whoever sends more that do not fit hears of the others next time."""


class DomainError(Exception):
    """Something the caller asked for cannot be done; nothing was changed."""

    code: ClassVar[str]

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class NotFound(DomainError):
    """There is no such thing, or it belongs to somebody else: the two are not told apart."""

    code = "not_found"


class Invalid(DomainError):
    """A value breaks a rule of the domain.

    ``pointer`` is the JSON pointer (RFC 6901) of the value in the body; ``parameter`` the name of a query parameter.
    ``faults`` are the errors of all values that were found to break one, of which it is mostly the only one.
    """

    code = "invalid"

    def __init__(self, detail: str, *, pointer: str | None = None, parameter: str | None = None) -> None:
        super().__init__(detail)
        self.pointer = pointer
        self.parameter = parameter
        self.faults: tuple[Invalid, ...] = (self,)

    @staticmethod
    def together(errors: Sequence["Invalid"]) -> "Invalid":
        """Return one error for all of these, which is the only one if there is but one."""
        if len(errors) == 1:
            return errors[0]
        faults = tuple(fault for error in errors for fault in error.faults)[:MAX_FAULTS]
        together = Invalid(f"{len(faults)} values do not fit.")
        together.faults = faults
        return together


class GuessablePassword(Invalid):
    """The password is one of the first that somebody who guesses would try."""

    code = "guessable_password"


class Conflict(DomainError):
    """The request is fine, the state of things is against it."""

    code = "conflict"


class EmailTaken(Conflict):
    """Another account already uses the e-mail address."""

    code = "email_taken"


class TooManyApiTokens(Conflict):
    """The account has as many API tokens as it may have."""

    code = "too_many_api_tokens"


class StaleVersion(DomainError):
    """The thing was changed after the caller last read it; ``current`` is its version now, where that is known."""

    code = "version_mismatch"

    def __init__(self, detail: str, *, current: int | None = None) -> None:
        super().__init__(detail)
        self.current = current


class Unauthenticated(DomainError):
    """It is not known who is asking."""

    code = "unauthenticated"


class WrongCredentials(Unauthenticated):
    """The e-mail address and the password do not belong together."""

    code = "wrong_credentials"


class InvalidRefreshToken(Unauthenticated):
    """The refresh token is unknown, expired, revoked or was used before."""

    code = "invalid_refresh_token"


class Forbidden(DomainError):
    """It is known who is asking, and they may not do this."""

    code = "forbidden"


class WrongPassword(Forbidden):
    """It is known who is asking, and the password that was to confirm it is wrong."""

    code = "wrong_password"


class InsufficientScope(Forbidden):
    """The API token was not given the scope this needs (RFC 6750, section 3.1)."""

    code = "insufficient_scope"

    def __init__(self, scope: str) -> None:
        super().__init__(f"This API token lacks the scope {scope}.")
        self.scope = scope


class QuotaExceeded(Forbidden):
    """The account would keep more than it may; ``quota`` is the name of what it has too much of."""

    code = "quota_exceeded"

    def __init__(self, quota: QuotaName, limit: int) -> None:
        super().__init__(f"The quota of this account is {limit:,} {_UNITS[quota]}; delete something first.")
        self.quota: QuotaName = quota


class Unavailable(DomainError):
    """What things are kept in cannot be reached now; trying again later may help."""

    code = "unavailable"


class Overloaded(Unavailable):
    """There is more to do than can be done in time, and that is not the fault of who asks."""

    code = "overloaded"


class TooManyConcurrent(DomainError):
    """The caller has as much under way as one caller may have at once; ``retry_after`` is in seconds."""

    code = "too_many_concurrent_requests"
    retry_after = 1


class QueryTooExpensive(DomainError):
    """Answering takes longer than a query may take; it was stopped. The store itself is well."""

    code = "query_too_expensive"


class TooManyUnreadAnswers(TooManyConcurrent):
    """The caller has not read the answers to what they asked before."""

    code = "too_many_unread_answers"
    retry_after = 2

    def __init__(self) -> None:
        super().__init__("Too many answers to earlier requests are still to be read.")
