"""What an account does with its to-dos."""

from datetime import UTC, date, datetime

import pytest
from msgspec.structs import replace

from adapters.concurrency.caller_limiter import CallerConcurrencyLimiter
from adapters.concurrency.limiter import FairConcurrencyLimiter
from adapters.memory.store import MemoryStore
from domain.accounts.model import Account, AccountPatch
from domain.concurrency.caller import Caller
from domain.concurrency.fair_queue import ConcurrencyLimits
from domain.concurrency.ports import CallerLimiter
from domain.errors import Conflict, Invalid, NotFound, StaleVersion, TooManyConcurrent, Unauthenticated
from domain.todos.due import DuePatch, NewDue
from domain.todos.model import NewTodo, TodoPatch
from domain.todos.query import Position, SortKey, TagQuery, TodoFilter, TodoOrder, TodoQuery
from domain.todos.service import TodoService
from domain.versions import Versions
from tests.builders import a_new_account, a_todo
from tests.clock import NOON, StandingClock
from tests.harness import services_on
from tests.unit.rivals import RivalledStore

HERE = "192.0.2.1"


def a_limiter(*, per_key: int = 2) -> CallerConcurrencyLimiter:
    own, network = (
        FairConcurrencyLimiter(ConcurrencyLimits(per_key=limit, max_waiting=0), max_wait=0) for limit in (per_key, 2)
    )
    return CallerConcurrencyLimiter(own=own, network=network)


def a_todo_service(
    store: MemoryStore, clock: StandingClock, *, heavy_reads: CallerLimiter | None = None
) -> TodoService:
    quotas = services_on(store, now=clock).quotas
    return TodoService(store, heavy_reads=heavy_reads or a_limiter(), quotas=quotas, now=clock)


@pytest.fixture
def todos(store: MemoryStore, clock: StandingClock) -> TodoService:
    return a_todo_service(store, clock)


async def test_a_to_do_is_made_now_and_belongs_to_its_owner(todos: TodoService, user: Account) -> None:
    todo = await todos.create(NewTodo(title=" Buy oat milk "), owner_id=user.id)

    assert (todo.title, todo.created_at, todo.version) == ("Buy oat milk", NOON, 1)
    assert await todos.get(todo.id, owner_id=user.id) == todo


async def test_somebody_elses_to_do_does_not_exist(todos: TodoService, user: Account) -> None:
    todo = await todos.create(NewTodo(title="Secret"), owner_id=user.id)

    with pytest.raises(NotFound):
        await todos.get(todo.id, owner_id=user.id + 1)
    with pytest.raises(NotFound):
        await todos.change(todo.id, TodoPatch(title="Known"), owner_id=user.id + 1)
    with pytest.raises(NotFound):
        await todos.remove(todo.id, owner_id=user.id + 1)


async def test_a_due_date_is_meant_in_the_time_zone_of_the_account(
    store: MemoryStore, todos: TodoService, user: Account
) -> None:
    moved = user.patched(AccountPatch(time_zone="Asia/Tokyo"), at=NOON)
    await store.accounts.save(moved, replacing=user.version)

    todo = await todos.create(NewTodo(title="x", due=NewDue(date=date(2026, 12, 24), time="09:00")), owner_id=user.id)
    changed = await todos.change(todo.id, TodoPatch(due=DuePatch(time="18:00")), owner_id=user.id)

    assert todo.due_at == datetime(2026, 12, 24, 0, 0, tzinfo=UTC)
    assert changed.due_at == datetime(2026, 12, 24, 9, 0, tzinfo=UTC)


async def test_a_to_do_that_is_due_stays_where_it_is_when_the_account_moves(
    store: MemoryStore, todos: TodoService, user: Account
) -> None:
    todo = await todos.create(NewTodo(title="x", due=NewDue(date=date(2026, 12, 24), time="09:00")), owner_id=user.id)
    moved = user.patched(AccountPatch(time_zone="Asia/Tokyo"), at=NOON)
    await store.accounts.save(moved, replacing=user.version)

    changed = await todos.change(todo.id, TodoPatch(due=DuePatch(time="10:00")), owner_id=user.id)

    assert changed.due_at == datetime(2026, 12, 24, 10, 0, tzinfo=UTC)


async def test_an_account_that_is_gone_keeps_nothing(todos: TodoService) -> None:
    with pytest.raises(Unauthenticated):
        await todos.create(NewTodo(title="x"), owner_id=7)


async def test_a_change_is_stored(todos: TodoService, user: Account, clock: StandingClock) -> None:
    todo = await todos.create(NewTodo(title="Buy oat milk"), owner_id=user.id)
    clock.advance(hours=1)

    changed = await todos.change(todo.id, TodoPatch(done=True), owner_id=user.id)

    assert (changed.done_at, changed.updated_at, changed.version) == (clock.now, clock.now, 2)
    assert await todos.get(todo.id, owner_id=user.id) == changed


async def test_a_change_that_changes_nothing_is_not_stored(todos: TodoService, user: Account) -> None:
    todo = await todos.create(NewTodo(title="Buy oat milk"), owner_id=user.id)

    await todos.change(todo.id, TodoPatch(title="Buy oat milk"), owner_id=user.id)

    assert (await todos.get(todo.id, owner_id=user.id)).version == 1


async def test_a_change_that_breaks_a_rule_changes_nothing(todos: TodoService, user: Account) -> None:
    todo = await todos.create(NewTodo(title="Buy oat milk"), owner_id=user.id)

    with pytest.raises(Invalid):
        await todos.change(todo.id, TodoPatch(title=" ", done=True), owner_id=user.id)

    assert await todos.get(todo.id, owner_id=user.id) == todo


@pytest.mark.parametrize("versions", [None, frozenset({1}), frozenset({1, 7})])
async def test_the_version_that_was_asked_for_is_changed(
    todos: TodoService, user: Account, versions: frozenset[int] | None
) -> None:
    todo = await todos.create(NewTodo(title="Buy oat milk"), owner_id=user.id)

    changed = await todos.change(
        todo.id, TodoPatch(done=True), owner_id=user.id, versions=None if versions is None else Versions(only=versions)
    )

    assert changed.version == 2


@pytest.mark.parametrize("versions", [frozenset[int](), frozenset({2}), frozenset({0, 7})])
@pytest.mark.parametrize("patch", [TodoPatch(done=True), TodoPatch()])
async def test_another_version_is_not_changed(
    todos: TodoService, user: Account, versions: frozenset[int], patch: TodoPatch
) -> None:
    todo = await todos.create(NewTodo(title="Buy oat milk"), owner_id=user.id)

    with pytest.raises(StaleVersion):
        await todos.change(todo.id, patch, owner_id=user.id, versions=Versions(only=versions))

    assert await todos.get(todo.id, owner_id=user.id) == todo


ONE = frozenset({1})


@pytest.mark.parametrize(
    ("versions", "words"),
    [
        (Versions(but=None), "none that is there"),
        (Versions(but=ONE), "any but 1"),
        (Versions(only=frozenset({1, 3}), but=ONE), "1 or 3 but 1"),
        (Versions(only=frozenset()), "none that there ever was"),
        (Versions(only=frozenset(range(2, 90))), "2 or 3 or 4 or 5 or 6"),
    ],
    ids=str,
)
async def test_a_version_that_was_ruled_out_is_neither_changed_nor_removed(
    todos: TodoService, user: Account, versions: Versions, words: str
) -> None:
    todo = await todos.create(NewTodo(title="Buy oat milk"), owner_id=user.id)

    with pytest.raises(StaleVersion, match=f"is at version 1 now; what was to be changed is {words}\\.") as refused:
        await todos.change(todo.id, TodoPatch(done=True), owner_id=user.id, versions=versions)
    with pytest.raises(StaleVersion):
        await todos.remove(todo.id, owner_id=user.id, versions=versions)

    assert refused.value.current == 1
    assert await todos.get(todo.id, owner_id=user.id) == todo


async def test_another_version_than_the_one_that_was_ruled_out_is_changed(todos: TodoService, user: Account) -> None:
    todo = await todos.create(NewTodo(title="Buy oat milk"), owner_id=user.id)

    changed = await todos.change(todo.id, TodoPatch(done=True), owner_id=user.id, versions=Versions(but=frozenset({7})))

    assert changed.version == 2


async def test_the_version_that_was_asked_for_is_removed(todos: TodoService, user: Account) -> None:
    todo = await todos.create(NewTodo(title="Buy oat milk"), owner_id=user.id)

    with pytest.raises(StaleVersion):
        await todos.remove(todo.id, owner_id=user.id, versions=Versions(only=frozenset({2})))
    await todos.remove(todo.id, owner_id=user.id, versions=Versions(only=frozenset({1})))

    with pytest.raises(NotFound):
        await todos.get(todo.id, owner_id=user.id)


@pytest.mark.parametrize("losses", [1, 9])
async def test_a_lost_race_is_run_again_so_that_neither_change_is_lost(losses: int, clock: StandingClock) -> None:
    store = RivalledStore(losses)
    owner = await store.accounts.add(a_new_account())
    todo = await store.todos.add(a_todo(priority=5), owner_id=owner.id)

    changed = await a_todo_service(store, clock).change(todo.id, TodoPatch(title="Mine"), owner_id=owner.id)

    assert (changed.title, changed.priority, changed.version) == ("Mine", 1, losses + 2)
    assert await store.todos.get(todo.id, owner_id=owner.id) == changed


async def test_after_a_hundred_lost_races_it_gives_up(clock: StandingClock) -> None:
    store = RivalledStore(100)
    owner = await store.accounts.add(a_new_account())
    todo = await store.todos.add(a_todo(), owner_id=owner.id)

    with pytest.raises(Conflict):
        await a_todo_service(store, clock).change(todo.id, TodoPatch(title="Mine"), owner_id=owner.id)

    stored = await store.todos.get(todo.id, owner_id=owner.id)
    assert (stored.title, stored.version) == (todo.title, 101)


async def test_a_lost_race_for_a_named_version_is_stale_at_once(clock: StandingClock) -> None:
    store = RivalledStore(1)
    owner = await store.accounts.add(a_new_account())
    todo = await store.todos.add(a_todo(), owner_id=owner.id)

    with pytest.raises(StaleVersion):
        await a_todo_service(store, clock).change(
            todo.id, TodoPatch(title="Mine"), owner_id=owner.id, versions=Versions(only=frozenset({1}))
        )

    assert (await store.todos.get(todo.id, owner_id=owner.id)).version == 2


async def test_a_version_that_is_changed_while_it_is_removed_stays(clock: StandingClock) -> None:
    store = RivalledStore(1)
    owner = await store.accounts.add(a_new_account())
    todo = await store.todos.add(a_todo(), owner_id=owner.id)

    with pytest.raises(StaleVersion):
        await a_todo_service(store, clock).remove(todo.id, owner_id=owner.id, versions=Versions(only=frozenset({1})))

    assert (await store.todos.get(todo.id, owner_id=owner.id)).version == 2


async def test_pages_follow_each_other_without_a_gap(todos: TodoService, user: Account) -> None:
    made = [await todos.create(NewTodo(title=f"to-do {number}"), owner_id=user.id) for number in range(5)]
    query = TodoQuery(limit=2)

    first = await todos.page(query, owner_id=user.id, network=HERE)
    second = await todos.page(replace(query, after=first.next), owner_id=user.id, network=HERE)
    third = await todos.page(replace(query, after=second.next), owner_id=user.id, network=HERE)

    assert first.next == Position(NOON, made[1].id)
    assert [*first.items, *second.items, *third.items] == made
    assert third.next is None


async def test_a_page_that_is_exactly_full_is_the_last(todos: TodoService, user: Account) -> None:
    for number in range(2):
        await todos.create(NewTodo(title=f"to-do {number}"), owner_id=user.id)

    page = await todos.page(TodoQuery(limit=2, order=TodoOrder(key="title")), owner_id=user.id, network=HERE)

    assert (len(page.items), page.next) == (2, None)


async def test_a_page_counts_all_that_match_if_it_is_asked_to(todos: TodoService, user: Account) -> None:
    for done in (True, True, False):
        await todos.create(NewTodo(title="x", done=done), owner_id=user.id)
    query = TodoQuery(where=TodoFilter(done=True), limit=1)

    counted = await todos.page(query, owner_id=user.id, network=HERE, counted=True)
    uncounted = await todos.page(query, owner_id=user.id, network=HERE)

    assert (counted.total, uncounted.total) == (2, None)


async def test_tags_are_counted(todos: TodoService, user: Account) -> None:
    await todos.create(NewTodo(title="x", tags=["home", "Shop"]), owner_id=user.id)
    await todos.create(NewTodo(title="y", tags=["HOME"]), owner_id=user.id)

    counts = (await todos.tags(TagQuery(), owner_id=user.id, network=HERE)).items

    assert [(tag.tag, tag.count) for tag in counts] == [("HOME", 2), ("Shop", 1)]


@pytest.mark.parametrize(
    "query",
    [
        TodoQuery(where=TodoFilter(texts=("milk",))),
        TodoQuery(where=TodoFilter(tags=("home",))),
        TodoQuery(where=TodoFilter(done=True)),
        TodoQuery(order=TodoOrder(key="title")),
    ],
)
async def test_what_looks_at_all_to_dos_waits_for_its_turn(
    store: MemoryStore, clock: StandingClock, user: Account, query: TodoQuery
) -> None:
    limiter = a_limiter(per_key=1)
    todos = a_todo_service(store, clock, heavy_reads=limiter)

    async with limiter.slot(Caller(user.id, HERE)):
        with pytest.raises(TooManyConcurrent):
            await todos.page(query, owner_id=user.id, network=HERE)
        with pytest.raises(TooManyConcurrent):
            await todos.page(TodoQuery(), owner_id=user.id, network=HERE, counted=True)
        with pytest.raises(TooManyConcurrent):
            await todos.tags(TagQuery(), owner_id=user.id, network=HERE)

    assert await todos.page(query, owner_id=user.id, network=HERE)


@pytest.mark.parametrize("key", ["created_at", "due_at"])
async def test_what_an_index_finds_does_not_wait(
    store: MemoryStore, clock: StandingClock, user: Account, key: SortKey
) -> None:
    limiter = a_limiter(per_key=1)
    todos = a_todo_service(store, clock, heavy_reads=limiter)

    async with limiter.slot(Caller(user.id, HERE)):
        assert (await todos.page(TodoQuery(order=TodoOrder(key=key)), owner_id=user.id, network=HERE)).items == []
