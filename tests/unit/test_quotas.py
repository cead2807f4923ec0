"""The guard of quotas: it measures only where there is doubt, and where there is none left it is exact.

Whether it measures is seen by what others add behind its back: only who measures hears of it.
"""

import pytest

from adapters.memory.store import MemoryStore
from adapters.rate_limits.memory import MemoryRateLimiter
from adapters.rate_limits.unlimited import Unlimited
from domain.accounts.model import Account
from domain.errors import Forbidden, QuotaExceeded, Unauthenticated
from domain.quotas.guard import QuotaGuard
from domain.quotas.model import QUOTA_NAMES, AccountQuotas, Usage
from domain.rate_limits.errors import RateLimited
from domain.rate_limits.ports import RateLimiter
from domain.rate_limits.quotas import ACCOUNT, MEASUREMENT
from domain.store import Repositories
from tests.builders import a_todo
from tests.clock import NOON
from tests.harness import one_at_a_time

TODO = Usage(todos=1, bytes=3)
POST = Usage(posts=1, bytes=2)
UNSEEN = 3 * ACCOUNT.amount
"""To-dos that others may have added without being noticed yet."""

MUCH = 10**12


class Stopwatch:
    """A monotonic clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def stopwatch() -> Stopwatch:
    return Stopwatch()


def only(**quotas: int) -> AccountQuotas:
    """Return quotas of which the others are out of reach."""
    return AccountQuotas(**(dict.fromkeys(QUOTA_NAMES, MUCH) | quotas))


def guard_of(
    store: MemoryStore,
    stopwatch: Stopwatch,
    quotas: AccountQuotas | None = None,
    *,
    limiter: RateLimiter | None = None,
    capacity: int = 10,
) -> QuotaGuard:
    """Return a guard; nothing is limited unless somebody asks for it."""
    return QuotaGuard(
        store,
        quotas or only(),
        limiter=limiter or Unlimited(),
        turns=one_at_a_time(),
        monotonic=stopwatch,
        capacity=capacity,
    )


async def keep(store: MemoryStore, owner: Account, todos: int, title: str = "Tee") -> None:
    """Add to-dos behind the back of whoever guards."""
    for _ in range(todos):
        await store.todos.add(a_todo(title), owner_id=owner.id)


async def test_far_from_the_quotas_nothing_is_measured_twice(
    store: MemoryStore, user: Account, stopwatch: Stopwatch
) -> None:
    guard = guard_of(store, stopwatch, only(todos=100_000))
    assert await guard.has_room(user.id, TODO)
    await keep(store, user, 1)

    assert await guard.has_room(user.id, TODO)

    stopwatch.seconds += 1_000
    assert await guard.has_room(user.id, TODO)
    assert guard_knows(guard, user) == Usage(todos=3, bytes=9)


async def test_after_a_64th_of_a_quota_it_is_measured_again(
    store: MemoryStore, user: Account, stopwatch: Stopwatch
) -> None:
    guard = guard_of(store, stopwatch, only(todos=6_400))
    for _ in range(100):
        assert await guard.has_room(user.id, TODO)
    await keep(store, user, 7)

    assert await guard.has_room(user.id, TODO)

    assert guard_knows(guard, user) == Usage(todos=8, bytes=24)


async def test_a_64th_of_the_bytes_is_enough_too(store: MemoryStore, user: Account, stopwatch: Stopwatch) -> None:
    guard = guard_of(store, stopwatch, only(bytes=6_400))
    assert await guard.has_room(user.id, Usage(todos=1, bytes=100))
    await keep(store, user, 1)

    assert await guard.has_room(user.id, Usage(bytes=1))

    assert guard_knows(guard, user) == Usage(todos=1, bytes=4)


async def test_it_is_measured_again_when_others_could_have_used_up_the_rest(
    store: MemoryStore, user: Account, stopwatch: Stopwatch
) -> None:
    rest_in_seconds = 100 * ACCOUNT.window / ACCOUNT.amount
    guard = guard_of(store, stopwatch, only(todos=UNSEEN + 2 + 100))
    assert await guard.has_room(user.id, TODO)
    await keep(store, user, 5)

    stopwatch.seconds += rest_in_seconds
    assert await guard.has_room(user.id, TODO)
    assert guard_knows(guard, user) == Usage(todos=2, bytes=6)
    stopwatch.seconds += 1
    assert await guard.has_room(user.id, TODO)

    assert guard_knows(guard, user) == Usage(todos=6, bytes=18)


@pytest.mark.parametrize(
    ("quotas", "growth"),
    [
        (only(todos=UNSEEN), TODO),
        (only(posts=UNSEEN), POST),
        (only(todos=1), TODO),
        (only(posts=1), POST),
        (only(bytes=3), TODO),
        (only(bytes=63), Usage(bytes=1)),
    ],
    ids=str,
)
async def test_close_to_a_quota_there_is_doubt(
    store: MemoryStore, user: Account, stopwatch: Stopwatch, quotas: AccountQuotas, growth: Usage
) -> None:
    guard = guard_of(store, stopwatch, quotas)

    assert not await guard.has_room(user.id, growth)

    await guard.checked(user.id, growth, nothing)


async def test_in_the_last_eighth_of_the_bytes_there_is_doubt(
    store: MemoryStore, user: Account, stopwatch: Stopwatch
) -> None:
    guard = guard_of(store, stopwatch, only(bytes=8_000))
    await keep(store, user, 1, "x" * 200)
    await store.posts.add("x" * 6_799, author_id=user.id, at=NOON)

    assert await guard.has_room(user.id, Usage(bytes=1))
    assert not await guard.has_room(user.id, Usage(bytes=2))


async def test_a_quota_that_does_not_grow_leaves_no_doubt(
    store: MemoryStore, user: Account, stopwatch: Stopwatch
) -> None:
    guard = guard_of(store, stopwatch, only(todos=1, posts=1))

    assert await guard.has_room(user.id, Usage(bytes=5))


@pytest.mark.parametrize(
    ("name", "growth"), [("todos", TODO), ("posts", POST), ("bytes", Usage(bytes=7)), ("bytes", TODO)], ids=str
)
async def test_what_would_be_too_much_is_refused_before_and_behind_the_lock(
    store: MemoryStore, user: Account, stopwatch: Stopwatch, name: str, growth: Usage
) -> None:
    await keep(store, user, 1)
    await store.posts.add("Hi", author_id=user.id, at=NOON)
    guard = guard_of(
        store, stopwatch, only(**{name: getattr(Usage(todos=1, bytes=5 + growth.bytes - 1, posts=1), name)})
    )

    with pytest.raises(QuotaExceeded) as refused:
        await guard.has_room(user.id, growth)
    with pytest.raises(QuotaExceeded) as refused_behind:
        await guard.checked(user.id, growth, fail)

    for error in (refused.value, refused_behind.value):
        assert error.quota == name
        assert isinstance(error, Forbidden)


async def test_what_was_added_behind_the_lock_is_remembered(
    store: MemoryStore, user: Account, stopwatch: Stopwatch
) -> None:
    guard = guard_of(store, stopwatch, only(todos=3))

    await guard.checked(user.id, TODO, lambda tx: tx.todos.add(a_todo("Tee"), owner_id=user.id))

    assert guard_knows(guard, user) == TODO == await guard.usage(user.id)


async def test_nothing_is_locked_for_an_account_that_is_gone(store: MemoryStore, stopwatch: Stopwatch) -> None:
    guard = guard_of(store, stopwatch, only(todos=3))

    with pytest.raises(Unauthenticated):
        await guard.checked(4711, TODO, fail)


async def test_accounts_do_not_know_of_each_other(
    store: MemoryStore, user: Account, stranger: Account, stopwatch: Stopwatch
) -> None:
    guard = guard_of(store, stopwatch, only(todos=1))
    await keep(store, user, 1)

    assert not await guard.has_room(stranger.id, TODO)
    with pytest.raises(QuotaExceeded):
        await guard.has_room(user.id, TODO)


async def test_of_the_accounts_it_remembers_there_is_a_bound(
    store: MemoryStore, user: Account, stranger: Account, stopwatch: Stopwatch
) -> None:
    guard = guard_of(store, stopwatch, capacity=1)
    assert await guard.has_room(user.id, TODO)
    await keep(store, user, 5)

    assert await guard.has_room(stranger.id, TODO)
    assert await guard.has_room(user.id, TODO)

    assert guard_knows(guard, user) == Usage(todos=6, bytes=18)


async def test_usage_is_shown_as_it_is_unless_it_is_dear_to_measure(
    store: MemoryStore, user: Account, stopwatch: Stopwatch
) -> None:
    guard = guard_of(store, stopwatch)
    for _ in range(2):
        await keep(store, user, 1)
        assert (await guard.usage(user.id)).todos == await count(store, user)

    await keep(store, user, 2_000)
    dear = await guard.usage(user.id)
    await keep(store, user, 1)

    assert await guard.usage(user.id) == dear
    stopwatch.seconds += 10
    assert (await guard.usage(user.id)).todos == await count(store, user)


async def test_who_is_dear_to_measure_may_not_have_it_done_too_often(
    store: MemoryStore, user: Account, stranger: Account, stopwatch: Stopwatch
) -> None:
    guard = guard_of(store, stopwatch, only(todos=UNSEEN), limiter=MemoryRateLimiter())
    await keep(store, user, 2_001)
    for _ in range(MEASUREMENT.amount + 1):  # the first finds out that it is
        assert not await guard.has_room(user.id, TODO)

    with pytest.raises(RateLimited) as refused:
        await guard.has_room(user.id, TODO)

    assert [result.quota for result in refused.value.refusals] == [MEASUREMENT]
    assert not await guard.has_room(stranger.id, TODO)


async def test_who_is_cheap_to_measure_may_have_it_done_as_often_as_they_want(
    store: MemoryStore, user: Account, stopwatch: Stopwatch
) -> None:
    guard = guard_of(store, stopwatch, only(todos=UNSEEN), limiter=MemoryRateLimiter())
    await keep(store, user, 10)

    for _ in range(2 * MEASUREMENT.amount):
        assert not await guard.has_room(user.id, TODO)


def guard_knows(guard: QuotaGuard, account: Account) -> Usage:
    """Return what the guard believes of an account, without asking it to measure."""
    known = guard._known[account.id]  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - asking would change it
    return known.measured + known.added


async def count(store: MemoryStore, owner: Account) -> int:
    return (await store.usage.measure(owner_id=owner.id)).todos


async def nothing(_: Repositories) -> None:
    """Add nothing."""


async def fail(_: Repositories) -> None:
    """Fail the test, which is not to come here."""
    raise AssertionError
