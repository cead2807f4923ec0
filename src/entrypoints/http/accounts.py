"""Accounts over HTTP: opening one, and one's own."""

from typing import Annotated

from litestar import Controller, Response, delete, get, patch, post
from litestar.params import JSONBody
from litestar.status_codes import HTTP_204_NO_CONTENT
from msgspec import UNSET, Meta, Struct
from msgspec.structs import asdict

from domain.accounts.model import MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH, Account, AccountPatch, EmailAddress
from domain.authentication.principal import TokenScope
from domain.rate_limits.quotas import (
    PASSWORD_CHECK,
    PASSWORD_CHECK_ADDRESS,
    PASSWORD_CHECK_SITE,
    REGISTRATION,
    REGISTRATION_SITE,
)
from entrypoints.http.answers import Answer
from entrypoints.http.bodies import MergePatchBody
from entrypoints.http.headers import client_address
from entrypoints.http.preconditions import ETAG, IfMatch, UnlessMatch, etag, wanted_versions
from entrypoints.http.rate_limits import count_also
from entrypoints.http.request import ApiRequest
from entrypoints.http.routes import RouteLimits, needs, public

_REGISTER = RouteLimits(by_address=(REGISTRATION,), by_site=(REGISTRATION_SITE,))
_PASSWORD = RouteLimits(
    by_account=(PASSWORD_CHECK,), by_address=(PASSWORD_CHECK_ADDRESS,), by_site=(PASSWORD_CHECK_SITE,)
)

Password = Annotated[str, Meta(examples=["correct horse battery staple"])]
NewPassword = Annotated[
    str, Meta(min_length=MIN_PASSWORD_LENGTH, max_length=MAX_PASSWORD_LENGTH, examples=["correct horse battery staple"])
]


class Registration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who wants an account."""

    email: EmailAddress
    password: NewPassword


class PasswordChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The password that is good now, and the one that is to be."""

    old_password: Password
    new_password: NewPassword


class AccountDeletion(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The password again, because this cannot be undone."""

    password: Password


class QuotaUsage(Struct, frozen=True, kw_only=True):
    """How much there may be, and how much there is."""

    limit: int
    used: int


class Quotas(Struct, frozen=True, kw_only=True):
    """What the account keeps; more than a limit is 403 `quota_exceeded`.

    `bytes` are those of all texts in UTF-8: titles, descriptions and tags of to-dos, and the content of posts.
    """

    todos: QuotaUsage
    bytes: QuotaUsage
    posts: QuotaUsage


class OwnAccount(Account, frozen=True, kw_only=True):
    """The account that asks, and how much it keeps."""

    quotas: Quotas


@post(
    "/auth/register",
    operation_id="register",
    summary="Open an account",
    tags=["Signing in"],
    opt=public(409, limits=_REGISTER),
)
async def register(request: ApiRequest, data: JSONBody[Registration]) -> Account:
    """Open an account, with which one can then sign in."""
    return await request.services.accounts.register(
        email=data.email, password=data.password, address=client_address(request.scope)
    )


class AccountController(Controller):
    """The account that asks."""

    path = "/me"
    tags = ("Account",)

    @get(
        operation_id="getMe", summary="Read one's account", response_headers=[ETAG], opt=needs(TokenScope.ACCOUNT_READ)
    )
    async def read(self, request: ApiRequest) -> Response[OwnAccount]:
        """Return the account with the ETag of what can be changed in it, and how much it keeps."""
        return await _answer(request, await request.services.accounts.get(request.owner_id))

    @patch(
        operation_id="changeMe",
        summary="Change one's account",
        opt=needs(TokenScope.ACCOUNT_WRITE, 409, 412),
        dto=MergePatchBody,
        response_headers=[ETAG],
    )
    async def change(
        self,
        request: ApiRequest,
        data: JSONBody[AccountPatch],
        if_match: IfMatch = None,
        if_none_match: UnlessMatch = None,
    ) -> Response[OwnAccount]:
        """Apply a JSON merge patch (RFC 7396) to the e-mail address, the display name and the time zone.

        Due dates that were set before keep the zone they were set in.

        An e-mail address needs the current `password` beside it. A wrong one is 403 `wrong_password`, an address that
        another account has is 409 `email_taken`. From then on one signs in with the new address. Sessions and API
        tokens stay, and posts keep the address that they were published under.
        """
        if data.email is not UNSET and data.password is not UNSET:
            await count_also(request.scope, request.principal, _PASSWORD)
        versions = wanted_versions(if_match, if_none_match)
        account = await request.services.accounts.change(request.owner_id, data, versions=versions)
        return await _answer(request, account)

    @post(
        "/password",
        operation_id="changePassword",
        summary="Change one's password",
        opt=needs(TokenScope.ACCOUNT_WRITE, 409, limits=_PASSWORD),
        status_code=HTTP_204_NO_CONTENT,
    )
    async def change_password(self, request: ApiRequest, data: JSONBody[PasswordChange]) -> None:
        """Replace the password and end every other session; a wrong old one is 403 `wrong_password`.

        API tokens stay: they are revoked one by one.
        """
        await request.services.accounts.change_password(
            request.owner_id,
            old_password=data.old_password,
            new_password=data.new_password,
            session_id=request.principal.session_id,
        )

    @delete(
        operation_id="deleteMe", summary="Close one's account", opt=needs(TokenScope.ACCOUNT_WRITE, limits=_PASSWORD)
    )
    async def close(self, request: ApiRequest, data: JSONBody[AccountDeletion]) -> None:
        """Remove the account and everything of it, for good; a wrong password is 403 `wrong_password`."""
        await request.services.accounts.close(request.owner_id, password=data.password)


async def _answer(request: ApiRequest, account: Account) -> Response[OwnAccount]:
    """Return the account as it is shown.

    The ETag is for `If-Match` and says nothing of the usage, so no cache may keep the answer: a header of every answer.
    """
    guard = request.services.quotas
    limits, used = guard.quotas, await guard.usage(account.id)
    quotas = Quotas(
        todos=QuotaUsage(limit=limits.todos, used=used.todos),
        bytes=QuotaUsage(limit=limits.bytes, used=used.bytes),
        posts=QuotaUsage(limit=limits.posts, used=used.posts),
    )
    content = OwnAccount(**asdict(account), quotas=quotas)
    return Answer(content, headers={"etag": etag(account.version)})
