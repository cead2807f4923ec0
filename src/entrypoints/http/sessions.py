"""Sessions over HTTP: signing in, staying signed in, signing out."""

from typing import Annotated, Literal

from litestar import Controller, delete, get, post
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT
from msgspec import Meta, Struct
from msgspec.structs import asdict

from domain.authentication.principal import TokenScope
from domain.errors import Unauthenticated
from domain.sessions.model import Session, TokenPair
from entrypoints.http.bodies import FormBody
from entrypoints.http.headers import bearer_token, client_address
from entrypoints.http.parameters import Id
from entrypoints.http.request import ApiRequest
from entrypoints.http.routes import needs, public


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


class SessionController(Controller):
    """Tokens are got here, and given back."""

    path = "/auth"
    tags = ("Signing in",)

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
