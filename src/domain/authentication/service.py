"""From a bearer token (RFC 6750) to who is asking."""

from datetime import timedelta

from domain.api_tokens.model import API_TOKEN_PREFIX
from domain.authentication.ports import AccessTokens, Secrets
from domain.authentication.principal import EVERY_SCOPE, Principal
from domain.authentication.principal_cache import PrincipalCache
from domain.clock import Clock
from domain.concurrency.ports import ConcurrencyLimiter
from domain.errors import Unauthenticated
from domain.store import Store

LEEWAY = timedelta(seconds=10)
"""How far the clocks of replicas may be apart: an access token is good this long before ``iat`` and after ``exp``."""

_TOUCH_INTERVAL = timedelta(minutes=1)
"""How exact the last-used time of an API token is; writing it at each request would make every read a write."""


class Authenticator:
    """Tells who a bearer token belongs to: access tokens of sessions, and API tokens.

    Tokens that have to be looked up take turns in ``lookups``, with a key for each network: a flood of requests that
    all bring the same new token, or unknown ones, must not fill the queue of the database.
    """

    def __init__(
        self,
        store: Store,
        *,
        access_tokens: AccessTokens,
        secrets: Secrets,
        principal_cache: PrincipalCache,
        lookups: ConcurrencyLimiter,
        now: Clock,
    ) -> None:
        self._store = store
        self._access_tokens = access_tokens
        self._secrets = secrets
        self._principal_cache = principal_cache
        self._lookups = lookups
        self._now = now

    async def principal(self, bearer: str, *, network: str | None = None) -> Principal:
        """Return who is asking, from ``network`` if it is known.

        :raises Unauthenticated: if the token is forged, expired or revoked, or the account is gone.
        :raises TooManyConcurrent: if too many tokens from the same network have to be looked up.
        """
        known = self._principal_cache.get(bearer, at=self._now())
        if known is not None:
            return known
        async with self._lookups.slot(network):
            # Another request with the same token may have had its turn before.
            return self._principal_cache.get(bearer, at=self._now()) or await self._looked_up(bearer)

    async def _looked_up(self, bearer: str) -> Principal:
        if bearer.startswith(API_TOKEN_PREFIX):
            return await self._by_api_token(bearer)
        return await self._by_access_token(bearer)

    async def _by_access_token(self, bearer: str) -> Principal:
        claims = self._access_tokens.read(bearer)
        now, generation = self._now(), self._principal_cache.generation()
        if now + LEEWAY < claims.issued_at or now - LEEWAY >= claims.expires_at:
            raise Unauthenticated("The access token has expired.")
        if not await self._store.sessions.is_live(
            claims.session_id, owner_id=claims.account_id, started_at=claims.started_at, at=now
        ):
            raise Unauthenticated("The session has ended.")
        principal = Principal(account_id=claims.account_id, scopes=EVERY_SCOPE, session_id=claims.session_id)
        self._principal_cache.put(bearer, principal, at=now, expires_at=claims.expires_at, generation=generation)
        return principal

    async def _by_api_token(self, bearer: str) -> Principal:
        now, generation = self._now(), self._principal_cache.generation()
        found = await self._store.api_tokens.by_digest(self._secrets.digest(bearer))
        if found is None:
            raise Unauthenticated("The API token is unknown or was revoked.")
        owner_id, token = found
        if token.expires_at is not None and now >= token.expires_at:
            raise Unauthenticated("The API token has expired.")
        if token.last_used_at is None or abs(now - token.last_used_at) >= _TOUCH_INTERVAL:
            await self._store.api_tokens.touch(token.id, owner_id=owner_id, at=now)
        principal = Principal(
            account_id=owner_id, scopes=frozenset(token.scopes), token_id=token.id, expires_at=token.expires_at
        )
        self._principal_cache.put(bearer, principal, at=now, expires_at=token.expires_at, generation=generation)
        return principal
