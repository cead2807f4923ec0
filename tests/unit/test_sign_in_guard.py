"""Guessing passwords, and locking others out by it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest

from adapters.rate_limits.memory import MemoryRateLimiter
from adapters.security.secrets import HmacSecrets
from domain.accounts.requester import Requester
from domain.rate_limits.errors import RateLimited
from domain.rate_limits.guard import SignInGuard
from domain.rate_limits.model import Hit, Quota, RateLimitResult
from domain.rate_limits.networks import network_of, site_of
from domain.rate_limits.quotas import (
    REFRESH,
    REFRESH_ADDRESS,
    SIGN_IN,
    SIGN_IN_ADDRESS,
    SIGN_IN_ADDRESS_SITE,
    SIGN_IN_SITE,
    SIGN_IN_STRANGERS,
)
from tests.harness import SECRET

ADA, GRACE = "ada@example.com", "grace@example.com"
HOME, ELSEWHERE = "192.0.2.1", "192.0.2.2"


class ListeningLimiter(MemoryRateLimiter):
    """Keeps every key it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[str] = []

    async def hit(self, hits: Sequence[Hit]) -> Sequence[RateLimitResult]:
        self.keys += [key for _, key in hits]
        return await super().hit(hits)

    async def remember(self, key: str, *, seconds: int) -> None:
        self.keys.append(key)
        await super().remember(key, seconds=seconds)


@pytest.fixture
def limiter() -> MemoryRateLimiter:
    return MemoryRateLimiter()


@pytest.fixture
def guard(limiter: MemoryRateLimiter) -> SignInGuard:
    return SignInGuard(limiter, secrets=HmacSecrets(SECRET))


async def attempts(guard: SignInGuard, email: str, *, address: str | None, times: int) -> None:
    for _ in range(times):
        await guard.attempt_sign_in(email, address=address)


async def strangers_guess(guard: SignInGuard, email: str) -> None:
    """Try from one address after the other until it does not help any more."""
    with suppress(RateLimited):
        for number in range(SIGN_IN_STRANGERS.amount + 1):
            await guard.attempt_sign_in(email, address=f"198.51.100.{number // SIGN_IN.amount}")


def refused_by(caught: pytest.ExceptionInfo[RateLimited]) -> list[Quota]:
    return [result.quota for result in caught.value.refusals]


async def test_the_eleventh_wrong_password_from_one_address_is_refused(guard: SignInGuard) -> None:
    await attempts(guard, ADA, address=HOME, times=10)

    with pytest.raises(RateLimited) as caught:
        await guard.attempt_sign_in(ADA, address=HOME)

    assert refused_by(caught) == [SIGN_IN]
    assert 899 <= caught.value.retry_after <= 900


@pytest.mark.parametrize("spelling", ["ADA@example.com", "  ada@EXAMPLE.com ", "Ada@Example.Com"])
async def test_another_spelling_of_the_address_is_no_new_account(guard: SignInGuard, spelling: str) -> None:
    await attempts(guard, ADA, address=HOME, times=10)

    with pytest.raises(RateLimited):
        await guard.attempt_sign_in(spelling, address=HOME)


async def test_an_account_from_before_whose_plain_form_is_no_address_has_one_quota_in_every_spelling(
    guard: SignInGuard,
) -> None:
    await attempts(guard, "a\uff20b@example.com", address=HOME, times=10)

    for spelling in ("A\uff20b@example.com", " a\uff20B@EXAMPLE.com"):
        with pytest.raises(RateLimited):
            await guard.attempt_sign_in(spelling, address=HOME)


@pytest.mark.parametrize("email", ["nobody@example.com", "no address", "", "\ud800"])
async def test_an_account_that_nobody_has_is_limited_as_any_other(guard: SignInGuard, email: str) -> None:
    await attempts(guard, email, address=HOME, times=10)

    with pytest.raises(RateLimited) as caught:
        await guard.attempt_sign_in(email, address=HOME)

    assert refused_by(caught) == [SIGN_IN]


async def test_one_address_that_tries_many_accounts_is_refused(guard: SignInGuard) -> None:
    for number in range(SIGN_IN_ADDRESS.amount):
        await guard.attempt_sign_in(f"{number}@example.com", address=HOME)

    with pytest.raises(RateLimited) as caught:
        await guard.attempt_sign_in(ADA, address=HOME)

    assert refused_by(caught) == [SIGN_IN_ADDRESS]
    await guard.attempt_sign_in(ADA, address=ELSEWHERE)


async def test_a_stranger_cannot_lock_somebody_out(guard: SignInGuard) -> None:
    for _ in range(1_000):
        with suppress(RateLimited):
            await guard.attempt_sign_in(ADA, address=ELSEWHERE)

    await guard.attempt_sign_in(ADA, address=HOME)


async def test_many_strangers_together_guess_no_faster(guard: SignInGuard) -> None:
    await strangers_guess(guard, ADA)

    with pytest.raises(RateLimited) as caught:
        await guard.attempt_sign_in(ADA, address="203.0.113.7")

    assert refused_by(caught) == [SIGN_IN_STRANGERS]
    await guard.attempt_sign_in(GRACE, address="203.0.113.7")


async def test_many_strangers_together_cannot_lock_somebody_out_of_where_they_sign_in(guard: SignInGuard) -> None:
    await guard.attempt_sign_in(ADA, address=HOME)
    await guard.signed_in(ADA, address=HOME)
    await strangers_guess(guard, ADA)

    await guard.attempt_sign_in(" ADA@example.com", address=HOME)

    with pytest.raises(RateLimited):
        await guard.attempt_sign_in(ADA, address=ELSEWHERE)


async def test_one_ipv6_site_cannot_lock_somebody_out_of_new_addresses(guard: SignInGuard) -> None:
    allowed = 0
    for number in range(500):
        with suppress(RateLimited):
            await guard.attempt_sign_in(ADA, address=f"2001:db8:1:{number:x}::1")
            allowed += 1

    assert allowed == SIGN_IN_SITE.amount < SIGN_IN_STRANGERS.amount / 2
    with pytest.raises(RateLimited) as caught:
        await guard.attempt_sign_in(ADA, address="2001:db8:1:ffff::1")
    assert refused_by(caught) == [SIGN_IN_SITE]
    for address in (ELSEWHERE, "2001:db8:2::1"):
        await guard.attempt_sign_in(ADA, address=address)
    await guard.attempt_sign_in(GRACE, address="2001:db8:1:ffff::1")


async def test_guessing_from_the_same_site_does_not_concern_a_familiar_address(guard: SignInGuard) -> None:
    await guard.signed_in(ADA, address="2001:db8:1::1")
    for number in range(1, 100):
        with suppress(RateLimited):
            await guard.attempt_sign_in(ADA, address=f"2001:db8:1:{number:x}::1")

    await guard.attempt_sign_in(ADA, address="2001:db8:1::2")


async def test_one_ipv6_site_does_not_try_many_accounts_from_many_networks(guard: SignInGuard) -> None:
    allowed = 0
    for number in range(SIGN_IN_ADDRESS_SITE.amount + 100):
        with suppress(RateLimited):
            await guard.attempt_sign_in(f"{number}@example.com", address=f"2001:db8:1:{number:x}::1")
            allowed += 1

    assert allowed == SIGN_IN_ADDRESS_SITE.amount
    with pytest.raises(RateLimited) as caught:
        await guard.attempt_sign_in(ADA, address="2001:db8:1:ffff::1")
    assert refused_by(caught) == [SIGN_IN_ADDRESS_SITE]
    await guard.attempt_sign_in(ADA, address="2001:db8:2::1")


async def test_a_flood_from_the_same_site_does_not_concern_a_familiar_address(guard: SignInGuard) -> None:
    await guard.signed_in(ADA, address="2001:db8:1::1")
    for number in range(1, SIGN_IN_ADDRESS_SITE.amount + 1):
        await guard.attempt_sign_in(f"{number}@example.com", address=f"2001:db8:1:{number:x}::1")

    await guard.attempt_sign_in(ADA, address="2001:db8:1::2")


async def test_all_networks_of_a_site_ask_as_one_and_whoever_is_familiar_goes_first(guard: SignInGuard) -> None:
    strangers = [await guard.attempt_sign_in(ADA, address=f"2001:db8:1:{number}::1") for number in range(3)]
    await guard.signed_in(ADA, address=HOME)

    assert set(strangers) == {Requester(key="2001:db8:1::/48")}
    assert await guard.attempt_sign_in(ADA, address=HOME) == Requester(key=HOME, is_known=True)
    assert await guard.attempt_sign_in(GRACE, address=HOME) == Requester(key=HOME)


async def test_who_knows_one_account_is_a_stranger_to_another(guard: SignInGuard) -> None:
    await guard.signed_in(GRACE, address=ELSEWHERE)
    await strangers_guess(guard, ADA)

    with pytest.raises(RateLimited):
        await guard.attempt_sign_in(ADA, address=ELSEWHERE)


async def test_a_familiar_address_may_not_guess_either(guard: SignInGuard) -> None:
    await guard.signed_in(ADA, address=HOME)
    await attempts(guard, ADA, address=HOME, times=10)

    with pytest.raises(RateLimited):
        await guard.attempt_sign_in(ADA, address=HOME)


async def test_a_success_forgives_typing_errors_but_not_guesses_at_others(guard: SignInGuard) -> None:
    for _ in range(SIGN_IN_ADDRESS.amount // 10):
        await attempts(guard, ADA, address=HOME, times=10)
        await guard.signed_in(ADA, address=HOME)

    with pytest.raises(RateLimited) as caught:
        await guard.attempt_sign_in(ADA, address=HOME)

    assert refused_by(caught) == [SIGN_IN_ADDRESS]


async def test_attempts_at_once_are_counted_one_by_one(guard: SignInGuard) -> None:
    answers = await asyncio.gather(
        *(guard.attempt_sign_in(ADA, address=HOME) for _ in range(50)), return_exceptions=True
    )

    assert answers.count(Requester(key=HOME)) == SIGN_IN.amount


async def test_an_ipv6_network_is_one_address(guard: SignInGuard) -> None:
    for number in range(10):
        await guard.attempt_sign_in(ADA, address=f"2001:db8:1:2::{number:x}")

    with pytest.raises(RateLimited):
        await guard.attempt_sign_in(ADA, address="2001:db8:1:2:ffff:ffff:ffff:ffff")
    await guard.attempt_sign_in(ADA, address="2001:db8:1:3::1")


async def test_no_key_tells_an_email_address() -> None:
    limiter = ListeningLimiter()
    guard = SignInGuard(limiter, secrets=HmacSecrets(SECRET))

    await guard.attempt_sign_in(ADA, address=HOME)
    await guard.signed_in(ADA, address=HOME)

    assert len(limiter.keys) == 5
    assert not any("ada" in key or "example" in key for key in limiter.keys)


async def test_a_session_is_not_refreshed_over_and_over(guard: SignInGuard) -> None:
    for _ in range(REFRESH.amount):
        await guard.attempt_refresh("family", address=HOME)

    with pytest.raises(RateLimited) as caught:
        await guard.attempt_refresh("family", address=ELSEWHERE)

    assert refused_by(caught) == [REFRESH]
    await guard.attempt_refresh("another family", address=HOME)


async def test_refresh_tokens_are_not_tried_out(guard: SignInGuard) -> None:
    for number in range(REFRESH_ADDRESS.amount):
        await guard.attempt_refresh(str(number), address=HOME)

    with pytest.raises(RateLimited) as caught:
        await guard.attempt_refresh("one more", address=HOME)

    assert refused_by(caught) == [REFRESH_ADDRESS]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", "unknown"),
        (None, "unknown"),
        ("/run/api.sock", "unknown"),
        ("192.0.2.1:8080", "unknown"),
    ],
)
def test_requests_are_counted_by_address_or_by_ipv6_network(address: str | None, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        (None, "unknown"),
    ],
)
def test_a_site_is_an_address_or_all_ipv6_networks_of_one_place(address: str | None, site: str) -> None:
    assert site_of(address) == site
