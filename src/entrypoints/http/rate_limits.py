"""Rate limits in HTTP: who is counted for what, and the headers that tell them (draft-ietf-httpapi-ratelimit-headers).

Limits are checked in two places. What is known before the body is read, the account, the token and the address, is
counted by ``workload``, in one step; a route that costs more names its own quotas in its options. What stands in the
body, the e-mail address or the refresh token, is the business of ``domain.rate_limits.guard``, which the use case asks.
"""

from collections.abc import Sequence
from typing import Any, cast

from litestar.exceptions import MethodNotAllowedException, NotFoundException
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from msgspec import Struct

from domain.authentication.principal import Principal
from domain.rate_limits.errors import RateLimited
from domain.rate_limits.model import Hit, Quota, RateLimitResult
from domain.rate_limits.networks import network_of, site_of
from domain.rate_limits.quotas import ACCOUNT, ANONYMOUS, ANONYMOUS_SITE, TOKEN
from entrypoints.http.request import client_address
from entrypoints.services import Services

LIMITS = "limits"
RATE_LIMIT_HEADER = "RateLimit"
RATE_LIMIT_POLICY_HEADER = "RateLimit-Policy"

_NAMES = (RATE_LIMIT_HEADER.lower().encode(), RATE_LIMIT_POLICY_HEADER.lower().encode())
_RESULTS = "rate_limit_results"
_CONCURRENCY = "concurrency"
"""What is no quota, and refuses as quotas do."""


class RouteLimits(Struct, frozen=True, kw_only=True):
    """The quotas of a route, besides those that hold for every route."""

    by_account: tuple[Quota, ...] = ()
    by_address: tuple[Quota, ...] = ()
    by_site: tuple[Quota, ...] = ()


COMMON = RouteLimits()
"""Those that hold for every route, and no others."""


class UnroutedRequests:
    """Counts what no route handles, for the address: an unknown path, or a method that a path does not answer to.

    Stands around the router, and within what turns errors into answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on.

        :raises RateLimited: if no route handles it, and that happened too often.
        """
        try:
            await self.app(scope, receive, send)
        except (NotFoundException, MethodNotAllowedException):
            if "path_template" not in scope:  # the router has found nothing
                await count(cast("HTTPScope", scope))
            raise


async def count(scope: HTTPScope, limits: RouteLimits = COMMON) -> None:
    """Count a request for whoever sends it.

    :raises RateLimited: if there were too many.
    """
    services: Services = scope["litestar_app"].state.services
    results = await services.rate_limiter.hit(_hits(scope, limits))
    _note(scope, results)
    refusals = [result for result in results if not result.is_allowed]
    if refusals:
        raise RateLimited(refusals)


def note_refusal(scope: Scope, error: RateLimited) -> None:
    """Make the answer tell what is exhausted, and the scope tell whoever measures."""
    _note(scope, error.refusals)
    cast("dict[str, Any]", scope)["rate_limited_by"] = error.refusals[0].quota.name


def note_concurrency(scope: Scope) -> None:
    """Make the scope tell whoever measures that the client had too much under way."""
    cast("dict[str, Any]", scope)["rate_limited_by"] = _CONCURRENCY


async def add_headers(message: Message, scope: Scope) -> None:
    """Tell the results on a request in the head of its answer, whatever that is: a hook of the framework."""
    if message["type"] == "http.response.start":
        results: Sequence[RateLimitResult] = cast("dict[str, Any]", scope).get(_RESULTS, ())
        if results:
            message["headers"] = [*message["headers"], *zip(_NAMES, _fields(results), strict=True)]


def _hits(scope: HTTPScope, limits: RouteLimits) -> list[Hit]:
    """Return what is counted, the narrowest first."""
    principal: Principal | None = cast("dict[str, Any]", scope).get("user")
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


def _note(scope: Scope, results: Sequence[RateLimitResult]) -> None:
    cast("dict[str, Any]", scope)[_RESULTS] = results


def _fields(results: Sequence[RateLimitResult]) -> tuple[bytes, bytes]:
    """Return what is left, and what there is at all, as lists of structured fields (RFC 9651, section 3.1)."""
    left = ", ".join([f'"{result.quota.name}";r={result.remaining};t={result.reset}' for result in results])
    policy = ", ".join([f'"{result.quota.name}";q={result.quota.amount};w={result.quota.window}' for result in results])
    return left.encode(), policy.encode()
