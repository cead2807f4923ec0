"""Signing in and out, sessions and API tokens over HTTP."""

from typing import Annotated, Literal

from litestar import Controller, delete, get, post
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT
from msgspec import Meta, Struct
from msgspec.structs import asdict

from domain.accounts.model import MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH, Account
from domain.api_tokens.model import ApiToken, IssuedApiToken, NewApiToken
from domain.authentication.principal import TokenScope
from domain.errors import Unauthenticated
from domain.rate_limits.quotas import REGISTRATION, REGISTRATION_SITE
from domain.sessions.model import Session, TokenPair
from entrypoints.http.authentication import needs, public
from entrypoints.http.bodies import FormBody
from entrypoints.http.paths import Id
from entrypoints.http.rate_limits import RouteLimits
from entrypoints.http.request import ApiRequest, bearer_token, client_address

_REGISTER = RouteLimits(by_address=(REGISTRATION,), by_site=(REGISTRATION_SITE,))

NewPassword = Annotated[
    str, Meta(min_length=MIN_PASSWORD_LENGTH, max_length=MAX_PASSWORD_LENGTH, examples=["correct horse battery staple"])
]


class Registration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who wants an account."""

    email: Annotated[
        str,
        Meta(
            max_length=1_000,
            description="Trimmed, compared without case, at most 100 characters.",
            examples=["ada@example.com"],
            extra_json_schema={"format": "email"},
        ),
    ]
    password: NewPassword


class Login(Struct, frozen=True, kw_only=True):
    """The form of the OAuth 2.0 password flow (RFC 6749, section 4.3); other fields of it are ignored."""

    username: Annotated[str, Meta(description="The e-mail address.", examples=["ada@example.com"])]
    password: Annotated[str, Meta(examples=["correct horse battery staple"])]
    grant_type: Literal["password"] = "password"


class Refresh(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The refresh token to exchange."""

    refresh_token: Annotated[str, Meta(max_length=500)]


class SessionView(Session, frozen=True, kw_only=True):
    """A session; ``current`` is the one that asks."""

    current: bool


class SessionList(Struct, frozen=True, kw_only=True):
    """The sessions that are still good, the most recently used first."""

    items: list[SessionView]


class ApiTokenList(Struct, frozen=True, kw_only=True):
    """The API tokens of the account, the newest first."""

    items: list[ApiToken]


class AuthController(Controller):
    """Accounts are opened here, and tokens are got and given back."""

    path = "/auth"
    tags = ("Signing in",)

    @post("/register", operation_id="register", summary="Open an account", opt=public(409, limits=_REGISTER))
    async def register(self, request: ApiRequest, data: JSONBody[Registration]) -> Account:
        """Open an account, with which one can then sign in."""
        return await request.services.accounts.register(
            email=data.email, password=data.password, address=client_address(request.scope)
        )

    @post("/login", operation_id="logIn", summary="Sign in", opt=public(401), dto=FormBody, status_code=HTTP_200_OK)
    async def log_in(self, request: ApiRequest, data: JSONBody[Login]) -> TokenPair:
        """Start a session: an access token for 15 minutes, and a refresh token for 30 days to get the next one.

        Ninety days after it was started a session ends, however much it is used. An account has at most 100 sessions;
        one more ends the one that was not used for longest.
        """
        return await request.services.sessions.log_in(
            email=data.username,
            password=data.password,
            address=client_address(request.scope),
            user_agent=request.headers.get("user-agent"),
        )

    @post("/refresh", operation_id="refresh", summary="Stay signed in", opt=public(401), status_code=HTTP_200_OK)
    async def refresh(self, request: ApiRequest, data: JSONBody[Refresh]) -> TokenPair:
        """Exchange a refresh token for a new pair; from then on only the new one is good.

        A token that is used again ends its session, unless it is the same exchange within ten seconds: a client that
        lost the answer may retry and gets the same refresh token.
        """
        return await request.services.sessions.refresh(data.refresh_token, address=client_address(request.scope))

    @post("/logout", operation_id="logOut", summary="Sign out", opt=public(401, 403), status_code=HTTP_204_NO_CONTENT)
    async def log_out(self, request: ApiRequest, data: JSONBody[Refresh | None] = None) -> None:
        """End the session of the refresh token in the body, or without a body that of the bearer token.

        Replicas of the service that have no Redis in common may accept the session's access token for another 30
        seconds.
        """
        if data is not None:
            await request.services.sessions.log_out_by_refresh_token(data.refresh_token)
            return
        bearer = bearer_token(request.scope)
        if bearer is None:
            raise Unauthenticated("A bearer token or a refresh token is needed.")
        principal = await request.services.authenticator.principal(bearer, network=request.network)
        await request.services.sessions.log_out(principal.own_session(), owner_id=principal.account_id)

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

    @post(
        "/tokens", operation_id="createApiToken", summary="Make an API token", opt=needs(TokenScope.ACCOUNT_WRITE, 409)
    )
    async def create_token(self, request: ApiRequest, data: JSONBody[NewApiToken]) -> IssuedApiToken:
        """Make a token for a program; it is shown in this answer only.

        It is sent as a bearer token, and may do what its scopes name. A token cannot make one with more scopes than
        it has itself, nor one that outlives it. An account has at most 100; one more is 409.
        """
        return await request.services.api_tokens.create(data, principal=request.principal)

    @get("/tokens", operation_id="listApiTokens", summary="List API tokens", opt=needs(TokenScope.ACCOUNT_READ))
    async def tokens(self, request: ApiRequest) -> ApiTokenList:
        """Return the account's API tokens, without their secrets. `last_used_at` is exact to a minute."""
        return ApiTokenList(items=await request.services.api_tokens.list_all(owner_id=request.owner_id))

    @delete(
        "/tokens/{token_id:str}",
        operation_id="revokeApiToken",
        summary="Revoke an API token",
        opt=needs(TokenScope.ACCOUNT_WRITE),
    )
    async def revoke_token(self, request: ApiRequest, token_id: Id) -> None:
        """Make a token useless."""
        await request.services.api_tokens.revoke(token_id, owner_id=request.owner_id)
