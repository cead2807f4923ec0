"""What an account does with its API tokens, a method for each use case."""

from msgspec.structs import asdict

from domain.api_tokens.model import API_TOKEN_PREFIX, ApiToken, IssuedApiToken, NewApiToken
from domain.authentication.ports import Secrets
from domain.authentication.principal import Principal
from domain.authentication.principal_cache import PrincipalCache
from domain.clock import Clock
from domain.errors import TooManyApiTokens
from domain.store import Repositories, Store

MAX_API_TOKENS = 100
"""Of one account; none is ever taken away from a program to make room."""


class ApiTokenService:
    """Keeps API tokens."""

    def __init__(self, store: Store, *, secrets: Secrets, principal_cache: PrincipalCache, now: Clock) -> None:
        self._store = store
        self._secrets = secrets
        self._principal_cache = principal_cache
        self._now = now

    async def create(self, new: NewApiToken, *, principal: Principal) -> IssuedApiToken:
        """Make a token; its secret is in this answer and nowhere else.

        :raises Invalid: if a value breaks a rule.
        :raises Forbidden: if the principal lacks one of the scopes itself.
        :raises TooManyApiTokens: if the account has ``MAX_API_TOKENS`` already.
        """
        token = new.checked(principal=principal, at=self._now())
        secret = f"{API_TOKEN_PREFIX}{self._secrets.new()}"
        owner_id = principal.account_id

        async def count_and_add(tx: Repositories) -> ApiToken:
            if await tx.api_tokens.count(owner_id=owner_id) >= MAX_API_TOKENS:
                raise TooManyApiTokens(f"The account has {MAX_API_TOKENS} API tokens; revoke one first.")
            return await tx.api_tokens.add(token, owner_id=owner_id, digest=self._secrets.digest(secret))

        stored = await self._store.transaction(count_and_add)
        return IssuedApiToken(**asdict(stored), token=secret)

    async def list_all(self, *, owner_id: int) -> list[ApiToken]:
        """Return the tokens of the account, the newest first."""
        return await self._store.api_tokens.list_all(owner_id=owner_id)

    async def revoke(self, token_id: int, *, owner_id: int) -> None:
        """Make a token useless from now on.

        :raises NotFound: if there is none, or it is somebody else's.
        """
        await self._store.api_tokens.remove(token_id, owner_id=owner_id)
        await self._principal_cache.invalidate(owner_id)
