"""The quotas of an account when many ask at once, of two instances of the service on one database."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from adapters.sqlalchemy.store import SqlAlchemyStore
from domain.errors import QuotaExceeded
from domain.posts.model import MAX_CONTENT_LENGTH, NewPost
from domain.quotas.model import AccountQuotas, Usage
from domain.store import Repositories
from domain.todos.model import NewTodo, TodoPatch
from entrypoints.services import Services
from tests.builders import a_new_account, a_todo
from tests.clock import NOON, StandingClock
from tests.harness import services_on

AT_ONCE = 12
ROOM = 5


@pytest.fixture
async def owner_id(twin_stores: tuple[SqlAlchemyStore, SqlAlchemyStore]) -> int:
    return (await twin_stores[0].accounts.add(a_new_account())).id


def with_quotas(
    stores: tuple[SqlAlchemyStore, SqlAlchemyStore], clock: StandingClock, quotas: AccountQuotas
) -> tuple[Services, Services]:
    one, other = stores
    return services_on(one, now=clock, quotas=quotas), services_on(other, now=clock, quotas=quotas)


async def refused(attempts: list[Coroutine[Any, Any, Any]]) -> list[str]:
    """Make all attempts at once and return the quotas that stopped some of them."""
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert all(isinstance(failure, QuotaExceeded) for failure in failures), failures
    return [failure.quota for failure in failures if isinstance(failure, QuotaExceeded)]


async def test_todos_made_at_once_are_no_more_than_there_may_be(
    twin_stores: tuple[SqlAlchemyStore, SqlAlchemyStore], clock: StandingClock, owner_id: int
) -> None:
    pair = with_quotas(twin_stores, clock, AccountQuotas(todos=ROOM))

    stopped = await refused(
        [pair[number % 2].todos.create(NewTodo(title="Tee"), owner_id=owner_id) for number in range(AT_ONCE)]
    )

    assert stopped == ["todos"] * (AT_ONCE - ROOM)
    assert await twin_stores[0].usage.measure(owner_id=owner_id) == Usage(todos=ROOM, bytes=3 * ROOM)


async def test_posts_made_at_once_are_no_more_than_there_may_be(
    twin_stores: tuple[SqlAlchemyStore, SqlAlchemyStore], clock: StandingClock, owner_id: int
) -> None:
    pair = with_quotas(twin_stores, clock, AccountQuotas(posts=ROOM))

    stopped = await refused(
        [pair[number % 2].posts.publish(NewPost(content="Hi"), author_id=owner_id) for number in range(AT_ONCE)]
    )

    assert stopped == ["posts"] * (AT_ONCE - ROOM)
    assert await twin_stores[0].usage.measure(owner_id=owner_id) == Usage(posts=ROOM, bytes=2 * ROOM)


async def test_todos_posts_and_changes_at_once_have_no_more_bytes_than_there_may_be(
    twin_stores: tuple[SqlAlchemyStore, SqlAlchemyStore], clock: StandingClock, owner_id: int
) -> None:
    todos = [await twin_stores[0].todos.add(a_todo("x"), owner_id=owner_id) for _ in range(AT_ONCE // 3)]
    pair = with_quotas(twin_stores, clock, AccountQuotas(bytes=len(todos) + 100 * ROOM))

    stopped = await refused(
        [
            attempt
            for number, todo in enumerate(todos)
            for attempt in (
                pair[number % 2].todos.create(NewTodo(title="y" * 100), owner_id=owner_id),
                pair[number % 2].posts.publish(NewPost(content="y" * 100), author_id=owner_id),
                pair[(number + 1) % 2].todos.change(todo.id, TodoPatch(description="y" * 100), owner_id=owner_id),
            )
        ]
    )

    assert stopped == ["bytes"] * (AT_ONCE - ROOM)
    assert (await twin_stores[0].usage.measure(owner_id=owner_id)).bytes == len(todos) + 100 * ROOM


async def test_changes_at_once_of_one_todo_lose_neither_the_race_nor_a_byte(
    twin_stores: tuple[SqlAlchemyStore, SqlAlchemyStore], clock: StandingClock, owner_id: int
) -> None:
    todo = await twin_stores[0].todos.add(a_todo("x"), owner_id=owner_id)
    pair = with_quotas(twin_stores, clock, AccountQuotas(bytes=21))
    patches = [TodoPatch(description="y" * 15), TodoPatch(tags=["z" * 15]), TodoPatch(title="x" * 16)]

    stopped = await refused(
        [pair[number % 2].todos.change(todo.id, patch, owner_id=owner_id) for number, patch in enumerate(patches)]
    )

    assert stopped == ["bytes"] * 2
    assert (await twin_stores[0].todos.get(todo.id, owner_id=owner_id)).size == 16


async def test_who_waits_for_the_lock_waits_for_nobody_elses(
    twin_stores: tuple[SqlAlchemyStore, SqlAlchemyStore], clock: StandingClock, owner_id: int
) -> None:
    other_id = (await twin_stores[0].accounts.add(a_new_account("other@example.com"))).id
    pair = with_quotas(twin_stores, clock, AccountQuotas(todos=ROOM))

    stopped = await refused(
        [
            pair[number % 2].todos.create(NewTodo(title="Tee"), owner_id=whose)
            for number in range(ROOM)
            for whose in (owner_id, other_id)
        ]
    )

    assert stopped == []


@pytest.mark.parametrize("number_of_processes", [1, 2])
async def test_an_account_that_keeps_much_gets_all_that_it_may_and_what_another_process_is_writing(
    twin_stores: tuple[SqlAlchemyStore, SqlAlchemyStore], clock: StandingClock, owner_id: int, number_of_processes: int
) -> None:
    async def fill(tx: Repositories) -> None:
        for _ in range(110):
            await tx.posts.add("x" * MAX_CONTENT_LENGTH, author_id=owner_id, at=NOON)

    await twin_stores[0].transaction(fill)
    kept = 110 * MAX_CONTENT_LENGTH
    pair = with_quotas(twin_stores, clock, AccountQuotas(bytes=kept + 3 * ROOM))

    stopped = await refused(
        [
            pair[number % number_of_processes].todos.create(NewTodo(title="Tee"), owner_id=owner_id)
            for number in range(AT_ONCE)
        ]
    )

    added = (await twin_stores[0].usage.measure(owner_id=owner_id)).todos
    assert added + len(stopped) == AT_ONCE
    # No lock is held: what the other process writes at the moment of a measurement may come on top.
    assert ROOM <= added <= ROOM * number_of_processes
    with pytest.raises(QuotaExceeded):
        await pair[0].todos.create(NewTodo(title="Tee"), owner_id=owner_id)
