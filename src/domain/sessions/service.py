"""Signing in, staying signed in, signing out: a method for each use case."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from domain.accounts.lookup import credentials_of
from domain.accounts.model import Credentials, normalized_password
from domain.accounts.ports import Passwords
from domain.accounts.requester import Requester
from domain.authentication.ports import AccessClaims, AccessTokens, Secrets
from domain.authentication.principal_cache import PrincipalCache
from domain.clock import Clock
from domain.errors import InvalidRefreshToken, NotFound, Unauthenticated, WrongCredentials
from domain.rate_limits.guard import SignInGuard
from domain.sessions.model import (
    REFRESH_TOKEN_LIFETIME,
    Family,
    NewSession,
    RefreshToken,
    Session,
    TokenPair,
)
from domain.store import Store

ACCESS_TOKEN_LIFETIME = timedelta(minutes=15)
RETRY_WINDOW = timedelta(seconds=10)
"""How long after its use a refresh token may be sent again, by a client that lost the answer."""

MAX_SESSIONS = 100
"""Of one account at a time; a sign-in beyond them ends the one that was not used for longest."""

_MAX_USER_AGENT_LENGTH = 200


class SessionService:
    """Keeps sessions."""

    def __init__(
        self,
        store: Store,
        *,
        passwords: Passwords,
        access_tokens: AccessTokens,
        secrets: Secrets,
        principal_cache: PrincipalCache,
        guard: SignInGuard,
        now: Clock,
    ) -> None:
        self._store = store
        self._passwords = passwords
        self._access_tokens = access_tokens
        self._secrets = secrets
        self._principal_cache = principal_cache
        self._guard = guard
        self._now = now

    async def log_in(
        self, *, email: str, password: str, address: str | None = None, user_agent: str | None = None
    ) -> TokenPair:
        """Start a session. It takes as long for an address nobody has as for a wrong password.

        An account has at most ``MAX_SESSIONS``; the ones least recently used make room.

        :raises WrongCredentials: if the two do not belong together.
        :raises RateLimited: if somebody tried too often, from this ``address`` or with this e-mail address.
        """
        requester = await self._guard.attempt_sign_in(email, address=address)
        credentials = await self._credentials_of(email, normalized_password(password), requester)
        account_id = credentials.account_id
        now = self._now()
        token = RefreshToken(self._secrets.new(), self._secrets.new())
        new = NewSession(
            family_digest=self._secrets.digest(token.family),
            token_digest=self._secrets.digest(token.secret),
            user_agent=_printable(user_agent),
            created_at=now,
            expires_at=now + REFRESH_TOKEN_LIFETIME,
        )
        try:
            session = await self._store.sessions.add(new, owner_id=account_id, password_hash=credentials.password_hash)
        except Unauthenticated:
            raise WrongCredentials("The password was changed meanwhile.") from None
        if await self._store.sessions.trim(owner_id=account_id, at=now, limit=MAX_SESSIONS, newest=session.id):
            await self._principal_cache.invalidate(account_id)
        await self._guard.signed_in(email, address=address)
        return self._pair(account_id, session.id, token, started_at=now, at=now)

    async def refresh(self, refresh_token: str, *, address: str | None = None) -> TokenPair:
        """Exchange a refresh token for a new pair.

        The same token gives the same successor, so that a retry within ten seconds, or two at once, are harmless.

        :raises InvalidRefreshToken: if it is unknown or expired; if it was used before, its whole family ends.
        :raises RateLimited: if that was tried too often, in this session or from this ``address``.
        """
        token = RefreshToken.parse(refresh_token)
        await self._guard.attempt_refresh(token.family if token else refresh_token, address=address)
        family = token and await self._store.sessions.family(self._secrets.digest(token.family))
        now = self._now()
        if token is None or family is None or family.is_over(now):
            raise InvalidRefreshToken("The refresh token is unknown, expired or revoked.")
        successor = RefreshToken(token.family, self._secrets.successor(token.secret))
        if not await self._rotated(family, token, successor, at=now):
            await self._end(family)
            raise InvalidRefreshToken("The refresh token was used before; its session has been ended.")
        return self._pair(family.account_id, family.session_id, successor, started_at=family.created_at, at=now)

    async def log_out(self, session_id: int, *, owner_id: int) -> bool:
        """End the session the caller asks through; return whether it had not ended before, which is no error."""
        try:
            await self.revoke(session_id, owner_id=owner_id)
        except NotFound:
            return False
        return True

    async def log_out_by_refresh_token(self, refresh_token: str) -> bool:
        """End the session a refresh token belongs to; return whether there was one.

        An unknown token is no error (RFC 7009, section 2.2).
        """
        token = RefreshToken.parse(refresh_token)
        family = token and await self._store.sessions.family(self._secrets.digest(token.family))
        return family is not None and await self.log_out(family.session_id, owner_id=family.account_id)

    async def list_all(self, *, owner_id: int) -> list[Session]:
        """Return the sessions that are still good, the most recently used first."""
        return await self._store.sessions.list_all(owner_id=owner_id, at=self._now())

    async def revoke(self, session_id: int, *, owner_id: int) -> None:
        """End one session.

        :raises NotFound: if there is none, or it is somebody else's.
        """
        await self._store.sessions.remove(session_id, owner_id=owner_id)
        await self._principal_cache.invalidate(owner_id)

    async def _credentials_of(self, email: str, password: str, requester: Requester) -> Credentials:
        """Return the credentials that the two match, the hash brought up to date."""
        credentials = await credentials_of(self._store.accounts, email)
        stored_hash = credentials and credentials.password_hash
        if not await self._passwords.matches(password, stored_hash, requester=requester) or credentials is None:
            raise WrongCredentials("The e-mail address or the password is wrong.")
        if not self._passwords.is_outdated(credentials.password_hash):
            return credentials
        new_hash = await self._passwords.hash(password, requester=requester)
        if await self._store.accounts.replace_password(
            credentials.account_id, new_hash, replacing=credentials.password_hash
        ):
            return replace(credentials, password_hash=new_hash)
        # Somebody else changed the hash meanwhile: brought it up to date, too, or changed the password.
        return await self._credentials_of(email, password, requester)

    async def _rotated(self, family: Family, token: RefreshToken, successor: RefreshToken, *, at: datetime) -> bool:
        """Make ``successor`` the current token, or find that this very exchange has just been made."""
        digest = self._secrets.digest(token.secret)
        successor_digest = self._secrets.digest(successor.secret)
        if family.token_digest == digest:
            if await self._store.sessions.rotate(
                family.session_id,
                owner_id=family.account_id,
                digest=successor_digest,
                replacing=digest,
                at=at,
                expires_at=family.prolonged(at),
            ):
                return True
            # Another request with the same token was faster by a moment, or the session has just ended.
            latest = await self._store.sessions.family(self._secrets.digest(token.family))
            if latest is None:
                return False
            family = latest
        is_retry = family.previous_digest == digest and family.token_digest == successor_digest
        # A use that lies ahead means that a clock was set back, or that another replica's goes before this one.
        return is_retry and abs(at - family.rotated_at) <= RETRY_WINDOW

    async def _end(self, family: Family) -> None:
        await self.log_out(family.session_id, owner_id=family.account_id)

    def _pair(
        self, account_id: int, session_id: int, token: RefreshToken, *, started_at: datetime, at: datetime
    ) -> TokenPair:
        claims = AccessClaims(
            account_id=account_id,
            session_id=session_id,
            started_at=started_at,
            issued_at=at,
            expires_at=at + ACCESS_TOKEN_LIFETIME,
        )
        return TokenPair(
            access_token=self._access_tokens.issue(claims),
            token_type="bearer",  # noqa: S106 - the name of a scheme
            expires_in=int(ACCESS_TOKEN_LIFETIME.total_seconds()),
            refresh_token=str(token),
        )


def _printable(user_agent: str | None) -> str | None:
    """Return what can be shown of a user agent: it is for people to recognise a session by, nothing depends on it."""
    if user_agent is None:
        return None
    return "".join(character for character in user_agent if character.isprintable())[:_MAX_USER_AGENT_LENGTH] or None
