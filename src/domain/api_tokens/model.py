"""What a personal API token is."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from domain.authentication.principal import Principal, TokenScope
from domain.clock import Instant, in_utc
from domain.errors import Forbidden, Invalid
from domain.faults import Faults
from domain.text import checked_label

API_TOKEN_PREFIX = "todo_pat_"  # noqa: S105 - a public prefix, by which scanners recognise leaked tokens
MAX_NAME_LENGTH = 100

TokenName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_NAME_LENGTH,
        description="Blanks around it count, and are taken away; there must be something else.",
        examples=["backup"],
    ),
]


class NewApiToken(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client says of a token it wants to have."""

    name: TokenName
    scopes: Annotated[list[TokenScope], Meta(min_length=1, examples=[["todos:read"]])]
    expires_at: Annotated[datetime, Meta(tz=True, description="Without it the token never expires.")] | None = None

    def checked(self, *, principal: Principal, at: datetime) -> "ApiToken":
        """Return the token with every rule applied.

        :raises Invalid: if a value breaks a rule.
        :raises Forbidden: if a token would make a mightier one: with a scope it lacks, or that expires later.
        """
        with Faults() as faults:
            name = faults.of(checked_label, self.name, pointer="/name", max_length=MAX_NAME_LENGTH)
            expires_at = self.expires_at and faults.of(_checked_expiry, self.expires_at, at=at)
        if not principal.scopes.issuperset(self.scopes):
            raise Forbidden("An API token cannot give scopes that it was not given.")
        if principal.expires_at is not None and (expires_at is None or expires_at > principal.expires_at):
            raise Forbidden("An API token cannot make one that outlives it.")
        return ApiToken(
            name=name,
            scopes=tuple(sorted(set(self.scopes))),
            created_at=at,
            expires_at=expires_at,
        )


class ApiToken(Struct, frozen=True, kw_only=True):
    """An API token without its secret."""

    id: int = 0  # until it is stored
    name: str
    scopes: tuple[TokenScope, ...]
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Instant | None = None


class IssuedApiToken(ApiToken, frozen=True, kw_only=True):
    """A new token together with its secret, which is shown this once."""

    token: str


def _checked_expiry(moment: datetime, *, at: datetime) -> datetime:
    expiry = in_utc(moment, pointer="/expires_at")
    if expiry <= at:
        raise Invalid("Must lie in the future.", pointer="/expires_at")
    return expiry
