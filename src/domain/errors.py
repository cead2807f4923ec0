"""Everything that can go wrong, as nouns of the domain.

Each error has a stable ``code`` for programs and a ``detail`` for people. What an error means in HTTP is decided in
one place only, ``entrypoints.http.problems``.
"""

from typing import ClassVar


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
    """

    code = "invalid"

    def __init__(self, detail: str, *, pointer: str | None = None, parameter: str | None = None) -> None:
        super().__init__(detail)
        self.pointer = pointer
        self.parameter = parameter


class Conflict(DomainError):
    """The request is fine, the state of things is against it."""

    code = "conflict"


class EmailTaken(Conflict):
    """Another account already uses the e-mail address."""

    code = "email_taken"


class StaleVersion(DomainError):
    """The thing was changed after the caller last read it."""

    code = "version_mismatch"


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


class InsufficientScope(Forbidden):
    """The API token was not given the scope this needs (RFC 6750, section 3.1)."""

    code = "insufficient_scope"

    def __init__(self, scope: str) -> None:
        super().__init__(f"This API token lacks the scope {scope}.")
        self.scope = scope


class Unavailable(DomainError):
    """What things are kept in cannot be reached now; trying again later may help."""

    code = "unavailable"
