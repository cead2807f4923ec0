"""Rate limits in HTTP: who is counted for what, and the headers that tell them (draft-ietf-httpapi-ratelimit-headers).

Limits are checked in two places. What is known before the body is read, the account, the token and the address, is
counted by ``middleware.rate_limit``, in one step; a route that costs more names its own quotas in its options. Where
only some bodies cost more, the controller asks ``count_also``. What is counted for something that stands in the body,
the e-mail address or the refresh token, is the business of ``domain.rate_limits.guard``, which the use case asks.
"""

from collections.abc import Sequence

from litestar.types import HTTPScope, Scope

from domain.authentication.principal import Principal
from domain.rate_limits.errors import RateLimited
from domain.rate_limits.model import Hit, Quota, RateLimitResult
from domain.rate_limits.networks import network_of, site_of
from domain.rate_limits.quotas import ACCOUNT, ANONYMOUS, ANONYMOUS_SITE, TOKEN
from entrypoints.http.context import RequestContext, context_of, services_of
from entrypoints.http.headers import client_address
from entrypoints.http.routes import COMMON, RouteLimits

RATE_LIMIT_HEADER = "RateLimit"
RATE_LIMIT_POLICY_HEADER = "RateLimit-Policy"

_LIMIT_NAME, _POLICY_NAME = RATE_LIMIT_HEADER.lower().encode(), RATE_LIMIT_POLICY_HEADER.lower().encode()
_CONCURRENCY = "concurrency"
"""What is no quota, and refuses as quotas do."""


async def count(scope: HTTPScope, limits: RouteLimits = COMMON) -> None:
    """Count a request for whoever sends it.

    :raises RateLimited: if there were too many.
    """
    context = context_of(scope)
    results = await services_of(scope).rate_limiter.hit(_hits(scope, context, limits))
    if not results:
        return
    _note(context, results)
    _refuse_if_exhausted(results)


async def count_also(scope: HTTPScope, principal: Principal, limits: RouteLimits) -> None:
    """Count a request of ``principal`` for what its body asks for, besides what its route was counted for.

    :raises RateLimited: if there were too many.
    """
    context, account = context_of(scope), str(principal.account_id)
    hits = [(quota, account) for quota in limits.by_account]
    hits += _hits_of_place(scope, limits.by_address, limits.by_site)
    results = await services_of(scope).rate_limiter.hit(hits)
    if not results:
        return
    headers = context.response_headers
    of_route = {name: headers[name] for name in (_LIMIT_NAME, _POLICY_NAME) if name in headers}
    _note(context, results)
    _refuse_if_exhausted(results)
    for name, value in of_route.items():
        headers[name] += b", " + value


def note_refusal(scope: Scope, error: RateLimited) -> None:
    """Make the response tell what is exhausted, and the context tell whoever measures."""
    context = context_of(scope)
    _note(context, error.refusals)
    context.rate_limited_by = error.refusals[0].quota.name


def note_concurrency(scope: Scope) -> None:
    """Make the context tell whoever measures that the client had too much under way."""
    context_of(scope).rate_limited_by = _CONCURRENCY


def _refuse_if_exhausted(results: Sequence[RateLimitResult]) -> None:
    refusals = [result for result in results if not result.is_allowed]
    if refusals:
        raise RateLimited(refusals)


def _hits(scope: HTTPScope, context: RequestContext, limits: RouteLimits) -> list[Hit]:
    """Return what is counted, the narrowest first."""
    principal = context.principal
    if principal is None:
        return _hits_of_place(scope, (*limits.by_address, ANONYMOUS), (*limits.by_site, ANONYMOUS_SITE))
    account = str(principal.account_id)
    hits = [(quota, account) for quota in limits.by_account]
    if limits.by_address:
        hits += _hits_of_place(scope, limits.by_address, limits.by_site)
    if principal.token_id is not None:
        hits.append((TOKEN, str(principal.token_id)))
    hits.append((ACCOUNT, account))
    return hits


def _hits_of_place(scope: HTTPScope, by_address: Sequence[Quota], by_site: Sequence[Quota]) -> list[Hit]:
    address = client_address(scope)
    network, site = network_of(address), site_of(address)
    hits = [(quota, network) for quota in by_address]
    if site != network:
        hits += [(quota, site) for quota in by_site]
    return hits


def _note(context: RequestContext, results: Sequence[RateLimitResult]) -> None:
    """Tell what is left, and what there is at all, as lists of structured fields (RFC 9651, section 3.1)."""
    left = ", ".join([f'"{result.quota.name}";r={result.remaining};t={result.reset}' for result in results])
    policy = ", ".join([f'"{result.quota.name}";q={result.quota.amount};w={result.quota.window}' for result in results])
    context.response_headers[_LIMIT_NAME] = left.encode()
    context.response_headers[_POLICY_NAME] = policy.encode()
