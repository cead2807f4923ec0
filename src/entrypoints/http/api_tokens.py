"""API tokens over HTTP."""

from litestar import Controller, delete, get, post
from litestar.params import JSONBody
from msgspec import Struct

from domain.api_tokens.model import ApiToken, IssuedApiToken, NewApiToken
from domain.authentication.principal import TokenScope
from entrypoints.http.parameters import Id
from entrypoints.http.request import ApiRequest
from entrypoints.http.routes import needs


class ApiTokenList(Struct, frozen=True, kw_only=True):
    """The API tokens of the account, the newest first."""

    items: list[ApiToken]


class ApiTokenController(Controller):
    """What programs sign in with."""

    path = "/auth/tokens"
    tags = ("Signing in",)

    @post(operation_id="createApiToken", summary="Make an API token", opt=needs(TokenScope.ACCOUNT_WRITE, 409))
    async def create(self, request: ApiRequest, data: JSONBody[NewApiToken]) -> IssuedApiToken:
        """Make a token for a program; it is shown in this answer only.

        It is sent as a bearer token, and may do what its scopes name. A token cannot make one with more scopes than
        it has itself, nor one that outlives it. An account has at most 100; one more is 409.
        """
        return await request.services.api_tokens.create(data, principal=request.principal)

    @get(operation_id="listApiTokens", summary="List API tokens", opt=needs(TokenScope.ACCOUNT_READ))
    async def list_all(self, request: ApiRequest) -> ApiTokenList:
        """Return the account's API tokens, without their secrets. `last_used_at` is exact to a minute."""
        return ApiTokenList(items=await request.services.api_tokens.list_all(owner_id=request.owner_id))

    @delete(
        "/{token_id:str}",
        operation_id="revokeApiToken",
        summary="Revoke an API token",
        opt=needs(TokenScope.ACCOUNT_WRITE),
    )
    async def revoke(self, request: ApiRequest, token_id: Id) -> None:
        """Make a token useless."""
        await request.services.api_tokens.revoke(token_id, owner_id=request.owner_id)
