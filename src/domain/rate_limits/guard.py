"""Keeps passwords from being guessed, and accounts from being locked by those who guess."""

from collections.abc import Sequence

from domain.accounts.model import forms_of_email
from domain.accounts.requester import Requester
from domain.authentication.ports import Secrets
from domain.rate_limits.errors import RateLimited
from domain.rate_limits.model import Hit
from domain.rate_limits.networks import network_of, site_of
from domain.rate_limits.ports import RateLimiter
from domain.rate_limits.quotas import (
    FAMILIAR_FOR,
    REFRESH,
    REFRESH_ADDRESS,
    SIGN_IN,
    SIGN_IN_ADDRESS,
    SIGN_IN_ADDRESS_SITE,
    SIGN_IN_SITE,
    SIGN_IN_STRANGERS,
)


class SignInGuard:
    """Counts attempts to sign in, before the password is looked at: many at once are no way around it.

    There are five quotas: of an address for one account, of an address for all accounts, of an IPv6 site for one
    account and for all, and of one account for all addresses. The last stops those who guess from many machines, and
    would also be a way to lock somebody out; so the last three do not hold for an address from which there was a
    success in the last thirty days, and one site, with all its 65,536 networks, cannot use up what all have together.

    What remains is deliberate: whoever guesses from three sites or IPv4 addresses all the time keeps the owner from
    signing in where they have not been in the last thirty days. Without that, a botnet would guess without a bound.
    Sessions, API tokens and familiar addresses go on.

    An account that does not exist is counted as one that does, so that the quotas tell nobody which it is. Keys hold
    pseudonyms: who reads the counters learns no e-mail address.
    """

    def __init__(self, limiter: RateLimiter, *, secrets: Secrets) -> None:
        self._limiter = limiter
        self._secrets = secrets

    async def attempt_sign_in(self, email: str, *, address: str | None) -> Requester:
        """Count an attempt, and return on whose behalf the password is checked.

        :raises RateLimited: if there were too many.
        """
        account, network = self._pseudonym(email), network_of(address)
        hits = [(SIGN_IN, _pair(account, network)), (SIGN_IN_ADDRESS, network)]
        is_familiar = await self._limiter.knows(_familiar(account, network))
        if not is_familiar:
            site = site_of(address)
            hits += [(SIGN_IN_SITE, _pair(account, site)), (SIGN_IN_STRANGERS, account)]
            if site != network:
                hits.append((SIGN_IN_ADDRESS_SITE, site))
        await self._hit(hits)
        return Requester.from_address(address, is_known=is_familiar)

    async def signed_in(self, email: str, *, address: str | None) -> None:
        """Note a success: what went before were typing errors, and the address is familiar."""
        account, network = self._pseudonym(email), network_of(address)
        await self._limiter.forget(SIGN_IN, _pair(account, network))
        await self._limiter.remember(_familiar(account, network), seconds=FAMILIAR_FOR)

    async def attempt_refresh(self, family: str, *, address: str | None) -> None:
        """Count an exchange of a refresh token; ``family`` is what all tokens of a session share.

        :raises RateLimited: if there were too many.
        """
        await self._hit([(REFRESH, self._secrets.digest(family)), (REFRESH_ADDRESS, network_of(address))])

    async def _hit(self, hits: Sequence[Hit]) -> None:
        refusals = [result for result in await self._limiter.hit(hits) if not result.is_allowed]
        if refusals:
            raise RateLimited(refusals)

    def _pseudonym(self, email: str) -> str:
        """Return the same for every spelling of an address that signs in to the same account."""
        forms = forms_of_email(email)  # none: nobody's, and what matters is that it is counted at all
        return self._secrets.pseudonym(forms[-1] if forms else email)


def _pair(account: str, network: str) -> str:
    return f"{account}:{network}"


def _familiar(account: str, network: str) -> str:
    return f"familiar:{account}:{network}"
