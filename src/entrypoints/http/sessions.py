"""Sessions over HTTP: signing in, staying signed in, signing out."""

from typing import Annotated, cast

from litestar import Controller, Response, delete, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict

from domain.authentication.principal import TokenScope
from domain.errors import Invalid, Unauthenticated
from domain.sessions.model import Session, TokenPair
from entrypoints.http.answers import Answer
from entrypoints.http.bodies import FormBody, JsonOrFormBody
from entrypoints.http.headers import bearer_token, client_address
from entrypoints.http.oauth_errors import UnsupportedGrantType
from entrypoints.http.parameters import Id
from entrypoints.http.request import ApiRequest
from entrypoints.http.routes import needs, public

_PASSWORD, _REFRESH_TOKEN = GRANT_TYPES = "password", "refresh_token"
_MAX_TOKEN_LENGTH = 500


class TokenRequest(Struct, frozen=True, kw_only=True):
    """The form of OAuth 2.0's token endpoint (RFC 6749, sections 4.3 and 6); other fields of it are ignored.

    `username` and `password` are for the grant `password`, which is meant if none is named; `refresh_token` is for the
    grant of that name.
    """

    grant_type: (
        Annotated[str, Meta(examples=["password"], extra_json_schema={"enum": [*GRANT_TYPES, ""]})] | UnsetType
    ) = UNSET
    username: Annotated[str, Meta(description="The e-mail address.", examples=["ada@example.com"])] | UnsetType = UNSET
    password: Annotated[str, Meta(examples=["correct horse battery staple"])] | UnsetType = UNSET
    refresh_token: Annotated[str, Meta(max_length=_MAX_TOKEN_LENGTH)] | UnsetType = UNSET


class Revocation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The token that is given back: as `token` (RFC 7009), or as `refresh_token`."""

    token: Annotated[str, Meta(max_length=_MAX_TOKEN_LENGTH)] | UnsetType = UNSET
    token_type_hint: Annotated[str, Meta(description="Is not needed.")] | UnsetType = UNSET
    refresh_token: Annotated[str, Meta(max_length=_MAX_TOKEN_LENGTH)] | UnsetType = UNSET

    @property
    def presented(self) -> str | None:
        """The token, under whichever name; ``None`` if there is none."""
        token = self.refresh_token if self.token is UNSET else self.token
        return None if token is UNSET else token


class Revoked(Struct, frozen=True, kw_only=True):
    """Whether a session has ended by it: what is not known here, or has ended before, ends none."""

    revoked: bool


class Refresh(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The refresh token to exchange."""

    refresh_token: Annotated[
        str,
        Meta(max_length=_MAX_TOKEN_LENGTH, description="As signing in gave it: each is good once, so no example is."),
    ]


class SessionView(Session, frozen=True, kw_only=True):
    """A session; ``current`` is the one that asks."""

    current: bool


class SessionList(Struct, frozen=True, kw_only=True):
    """The sessions that are still good, the most recently used first."""

    items: list[SessionView]


class SessionController(Controller):
    """Tokens are got here, and given back."""

    path = "/auth"
    tags = ("Signing in",)

    @post(
        "/login",
        operation_id="logIn",
        summary="Sign in, or stay signed in",
        opt=public(401, speaks_oauth=True),
        dto=FormBody,
        status_code=HTTP_200_OK,
    )
    async def log_in(self, request: ApiRequest, data: JSONBody[TokenRequest]) -> TokenPair:
        """Start a session: an access token for 15 minutes, and a refresh token for 30 days to get the next one.

        Ninety days after it was started a session ends, however much it is used. An account has at most 100 sessions;
        one more ends the one that was not used for longest.

        This is the token endpoint of OAuth 2.0 (RFC 6749): the grant `refresh_token` exchanges a refresh token, as
        `/auth/refresh` does, and problems carry `error` and `error_description`.
        """
        sessions, address = request.services.sessions, client_address(request.scope)
        grant_type = data.grant_type or _PASSWORD  # sent without a value, it counts as left out (section 3.2)
        if grant_type == _REFRESH_TOKEN:
            return await sessions.refresh(_given(data.refresh_token, "refresh_token"), address=address)
        if grant_type != _PASSWORD:
            raise UnsupportedGrantType(detail=f"The grants are {' and '.join(GRANT_TYPES)}.")
        return await sessions.log_in(
            email=_given(data.username, "username"),
            password=_given(data.password, "password"),
            address=address,
            user_agent=request.headers.get("user-agent"),
        )

    @post("/refresh", operation_id="refresh", summary="Stay signed in", opt=public(401), status_code=HTTP_200_OK)
    async def refresh(self, request: ApiRequest, data: JSONBody[Refresh]) -> TokenPair:
        """Exchange a refresh token for a new pair; from then on only the new one is good.

        A token that is used again ends its session, unless it is the same exchange within ten seconds: a client that
        lost the answer may retry and gets the same refresh token.
        """
        return await request.services.sessions.refresh(data.refresh_token, address=client_address(request.scope))

    @post(
        "/logout",
        operation_id="logOut",
        summary="Sign out",
        opt=public(401, 403, speaks_oauth=True),
        dto=JsonOrFormBody,
        status_code=HTTP_200_OK,
        responses={HTTP_204_NO_CONTENT: ResponseSpec(None, description="The session has ended.")},
    )
    async def log_out(self, request: ApiRequest, data: JSONBody[Revocation | None] = None) -> Response[Revoked]:
        """End the session of the token in the body, or if there is none that of the bearer token.

        As `token` it may be a refresh token or an access token, and the answer is 200 whether or not it was good for
        anything (RFC 7009). With `refresh_token`, or without a token, 204 says that a session has ended; a token that
        ends none is answered with 200 and `"revoked": false`.

        Replicas of the service that have no Redis in common may accept the session's access token for another 30
        seconds.
        """
        if data is None or data.presented is None:
            bearer = bearer_token(request.scope)
            if bearer is None:
                raise Unauthenticated("A bearer token or a refresh token is needed.")
            principal = await request.services.authenticator.principal(bearer, network=request.network)
            await request.services.sessions.log_out(principal.own_session(), owner_id=principal.account_id)
            return cast("Response[Revoked]", Answer(None, status_code=HTTP_204_NO_CONTENT))
        has_ended = await _revoke(request, data.presented)
        if has_ended and data.token is UNSET:
            return cast("Response[Revoked]", Answer(None, status_code=HTTP_204_NO_CONTENT))
        return Answer(Revoked(revoked=has_ended))

    @get("/sessions", operation_id="listSessions", summary="List sessions", opt=needs(TokenScope.ACCOUNT_READ))
    async def sessions(self, request: ApiRequest) -> SessionList:
        """Return the account's sessions that are still good."""
        current = request.principal.session_id
        sessions = await request.services.sessions.list_all(owner_id=request.owner_id)
        return SessionList(
            items=[SessionView(**asdict(session), current=session.id == current) for session in sessions]
        )

    @delete(
        "/sessions/{session_id:str}",
        operation_id="revokeSession",
        summary="End a session",
        opt=needs(TokenScope.ACCOUNT_WRITE),
    )
    async def revoke_session(self, request: ApiRequest, session_id: Id) -> None:
        """End one of the account's sessions."""
        await request.services.sessions.revoke(session_id, owner_id=request.owner_id)


async def _revoke(request: ApiRequest, token: str) -> bool:
    """End the session of a refresh token or an access token; return whether there was one."""
    sessions = request.services.sessions
    if await sessions.log_out_by_refresh_token(token):
        return True
    try:
        principal = await request.services.authenticator.principal(token, network=request.network)
    except Unauthenticated:
        return False
    if principal.session_id is None:
        return False
    return await sessions.log_out(principal.session_id, owner_id=principal.account_id)


def _given(value: str | UnsetType, name: str) -> str:
    """Return a field of a form.

    :raises Invalid: if it was left out.
    """
    if value is UNSET:
        raise Invalid(f'The field "{name}" is missing.', pointer=f"/{name}")
    return value
