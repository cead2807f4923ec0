"""What happens at the same moment, between two instances of the service on one database with real commits."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from datetime import date, time
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import func, select

from adapters.sqlalchemy.database import Connection, Database, Statement
from adapters.sqlalchemy.store import SqlAlchemyRepositories
from adapters.sqlalchemy.tables import METADATA
from domain.accounts.model import AccountPatch
from domain.errors import Conflict, Unauthenticated
from domain.posts.model import NewPost
from domain.store import Store
from domain.todos.due import Due, DuePatch, NewDue
from domain.todos.model import NewTodo, TodoPatch
from domain.versions import Versions
from entrypoints.services import Services
from tests.builders import a_new_account, a_new_session, a_todo, an_api_token
from tests.clock import NOON
from tests.harness import PASSWORD
from tests.held_transactions import held_transaction

Replicas = tuple[Services, Services]
Stores = tuple[Store, Store]
EMAIL = "ada@example.com"


@pytest.fixture
async def owner_id(replicas: Replicas) -> int:
    """The id of an account whose password is ``PASSWORD``."""
    return (await replicas[0].accounts.register(email=EMAIL, password=PASSWORD)).id


async def add_todo(store: Store, owner_id: int) -> None:
    await store.todos.add(a_todo(), owner_id=owner_id)


async def add_session(store: Store, owner_id: int) -> None:
    await store.sessions.add(a_new_session(), owner_id=owner_id)


async def add_api_token(store: Store, owner_id: int) -> None:
    await store.api_tokens.add(an_api_token(), owner_id=owner_id, digest="d")


async def add_post(store: Store, owner_id: int) -> None:
    await store.posts.add("Hello", author_id=owner_id, at=NOON)


class TestTodos:
    async def test_of_two_writers_with_the_same_version_one_wins(self, twin_stores: Stores, owner_id: int) -> None:
        todo = await twin_stores[0].todos.add(a_todo(), owner_id=owner_id)
        versions = [replace(todo, title=title, version=2) for title in ("one", "other")]

        results = await at_once(
            *(
                store.todos.save(changed, owner_id=owner_id, replacing=1)
                for store, changed in zip(twin_stores, versions, strict=True)
            )
        )

        assert sorted(map(kind_of, results)) == ["None", "StaleVersion"]
        winner = versions[results.index(None)]
        assert await twin_stores[0].todos.get(todo.id, owner_id=owner_id) == winner

    async def test_a_change_and_a_removal_of_the_same_version_do_not_both_happen(
        self, twin_stores: Stores, owner_id: int
    ) -> None:
        one, other = twin_stores
        todo = await one.todos.add(a_todo(), owner_id=owner_id)

        results = await at_once(
            one.todos.save(replace(todo, title="Changed", version=2), owner_id=owner_id, replacing=1),
            other.todos.remove(todo.id, owner_id=owner_id, version=1),
        )

        assert [kind_of(result) for result in results] in (["None", "StaleVersion"], ["NotFound", "None"])

    async def test_changes_of_different_fields_at_once_are_all_kept(self, replicas: Replicas, owner_id: int) -> None:
        due = NewDue(date=date(2026, 12, 24), zone="UTC")
        todo = await replicas[0].todos.create(NewTodo(title="Old", due=due), owner_id=owner_id)
        patches = [
            TodoPatch(title="New"),
            TodoPatch(description="New"),
            TodoPatch(done=True),
            TodoPatch(priority=1),
            TodoPatch(tags=["new"]),
            TodoPatch(due=DuePatch(date=date(2026, 12, 31))),
            TodoPatch(due=DuePatch(time="23:59")),
            TodoPatch(due=DuePatch(zone="Europe/Berlin")),
        ]

        await asyncio.gather(
            *(
                replicas[number % 2].todos.change(todo.id, patch, owner_id=owner_id)
                for number, patch in enumerate(patches)
            )
        )

        changed = await replicas[0].todos.get(todo.id, owner_id=owner_id)
        assert changed.version == 1 + len(patches)
        assert (changed.title, changed.description, changed.done, changed.priority) == ("New", "New", True, 1)
        assert changed.tags == ("new",)
        assert changed.due == Due(date=date(2026, 12, 31), time=time(23, 59), zone="Europe/Berlin")

    async def test_only_one_of_many_writers_who_name_the_version_wins(self, replicas: Replicas, owner_id: int) -> None:
        todo = await replicas[0].todos.create(NewTodo(title="Old"), owner_id=owner_id)

        results = await at_once(
            *(
                replicas[number % 2].todos.change(
                    todo.id, TodoPatch(title=f"New {number}"), owner_id=owner_id, versions=Versions(only=frozenset({1}))
                )
                for number in range(8)
            )
        )

        assert Counter(map(kind_of, results)) == {"Todo": 1, "StaleVersion": 7}
        assert await replicas[0].todos.get(todo.id, owner_id=owner_id) in results


class TestAccounts:
    async def test_of_many_registrations_of_an_address_one_opens_an_account(self, replicas: Replicas) -> None:
        passwords = [f"{number} {PASSWORD}" for number in range(6)]

        results = await at_once(
            *(
                replicas[number % 2].accounts.register(email="grace@example.com", password=password)
                for number, password in enumerate(passwords)
            )
        )

        assert Counter(map(kind_of, results)) == {"Account": 1, "EmailTaken": 5}
        (password,) = [
            password for password, result in zip(passwords, results, strict=True) if kind_of(result) == "Account"
        ]
        await replicas[0].sessions.log_in(email="grace@example.com", password=password)

    async def test_of_two_profiles_over_the_same_version_one_is_kept(self, twin_stores: Stores, owner_id: int) -> None:
        account = await twin_stores[0].accounts.get(owner_id)
        profiles = [replace(account, display_name=name, version=2) for name in ("one", "other")]

        results = await at_once(
            *(store.accounts.save(profile, replacing=1) for store, profile in zip(twin_stores, profiles, strict=True))
        )

        assert sorted(map(kind_of, results)) == ["None", "StaleVersion"]
        assert await twin_stores[0].accounts.get(owner_id) == profiles[results.index(None)]

    async def test_of_many_who_move_to_an_address_and_who_register_it_one_gets_it(self, replicas: Replicas) -> None:
        movers = [
            await replicas[0].accounts.register(email=f"{number}@example.com", password=PASSWORD) for number in range(4)
        ]
        patch = AccountPatch(email="grace@example.com", password=PASSWORD)

        results = await at_once(
            *(replicas[number % 2].accounts.change(mover.id, patch) for number, mover in enumerate(movers)),
            replicas[1].accounts.register(email="grace@example.com", password=PASSWORD),
        )

        assert Counter(map(kind_of, results)) == {"Account": 1, "EmailTaken": 4}
        now = [await replicas[0].accounts.get(mover.id) for mover in movers]
        assert [account for account in now if account not in results] == [
            mover for mover, result in zip(movers, results, strict=False) if kind_of(result) == "EmailTaken"
        ]

    async def test_of_two_who_move_to_one_address_in_the_same_moment_one_does(
        self, twin_stores: Stores, owner_id: int
    ) -> None:
        one = await twin_stores[0].accounts.get(owner_id)
        other = await twin_stores[1].accounts.add(a_new_account("other@example.com"))
        moved = [replace(account, email="grace@example.com", version=2) for account in (one, other)]

        results = await at_once(
            *(store.accounts.save(account, replacing=1) for store, account in zip(twin_stores, moved, strict=True))
        )

        assert sorted(map(kind_of, results)) == ["EmailTaken", "None"]
        found = await twin_stores[0].accounts.credentials_by_email("grace@example.com")
        assert found is not None
        assert found.account_id == moved[results.index(None)].id

    async def test_a_new_address_and_a_new_profile_at_once_are_both_kept(
        self, replicas: Replicas, owner_id: int
    ) -> None:
        patches = [
            AccountPatch(email="grace@example.com", password=PASSWORD),
            AccountPatch(display_name="Grace"),
            AccountPatch(time_zone="Europe/Berlin"),
        ]

        await asyncio.gather(
            *(replicas[number % 2].accounts.change(owner_id, patch) for number, patch in enumerate(patches))
        )

        changed = await replicas[0].accounts.get(owner_id)
        assert (changed.email, changed.display_name, changed.time_zone, changed.version) == (
            "grace@example.com", "Grace", "Europe/Berlin", 4,
        )  # fmt: skip

    async def test_two_who_want_to_swap_their_addresses_keep_them(self, replicas: Replicas, owner_id: int) -> None:
        other = await replicas[1].accounts.register(email="grace@example.com", password=PASSWORD)

        results = await at_once(
            replicas[0].accounts.change(owner_id, AccountPatch(email="grace@example.com", password=PASSWORD)),
            replicas[1].accounts.change(other.id, AccountPatch(email=EMAIL, password=PASSWORD)),
        )

        assert list(map(kind_of, results)) == ["EmailTaken", "EmailTaken"]

    async def test_no_address_is_confirmed_by_a_password_that_has_been_replaced(
        self, twin_databases: tuple[Database, Database], twin_stores: Stores, owner_id: int
    ) -> None:
        account = await twin_stores[0].accounts.get(owner_id)
        old_hash = (await twin_stores[0].accounts.credentials(owner_id)).password_hash

        async def replace_password(connection: Connection) -> None:
            assert await SqlAlchemyRepositories(connection).accounts.replace_password(
                owner_id, "new", replacing=old_hash
            )

        async with held_transaction(twin_databases[0], replace_password):
            moved = replace(account, email="grace@example.com", version=2)
            moving = asyncio.create_task(twin_stores[1].accounts.save(moved, replacing=1, password_hash=old_hash))
            await asyncio.sleep(0.1)
            was_waiting = not moving.done()

        assert was_waiting
        with pytest.raises(Conflict):
            await moving
        assert await twin_stores[0].accounts.get(owner_id) == account

    async def test_while_an_account_is_closed_nothing_of_it_is_left_behind(
        self, twin_databases: tuple[Database, Database], replicas: Replicas, owner_id: int
    ) -> None:
        one, other = replicas

        async def work() -> None:
            for number in range(10):
                await one.todos.create(NewTodo(title=f"To-do {number}"), owner_id=owner_id)
                await one.posts.publish(NewPost(content=f"Post {number}"), author_id=owner_id)

        results = await at_once(work(), work(), work(), other.accounts.close(owner_id, password=PASSWORD))

        assert set(map(kind_of, results)) <= {"None", "Unauthenticated"}
        assert results[-1] is None
        assert [await count_of(twin_databases[0], table) for table in ("accounts", "todos", "posts")] == [0, 0, 0]

    @pytest.mark.parametrize("write", [add_todo, add_session, add_api_token, add_post])
    async def test_who_writes_while_the_account_is_being_removed_is_nobody(
        self,
        twin_databases: tuple[Database, Database],
        twin_stores: Stores,
        owner_id: int,
        write: Callable[[Store, int], Coroutine[Any, Any, None]],
    ) -> None:
        async def remove(connection: Connection) -> None:
            await SqlAlchemyRepositories(connection).accounts.remove(owner_id)

        async with held_transaction(twin_databases[0], remove):
            writing = asyncio.create_task(write(twin_stores[1], owner_id))
            await asyncio.sleep(0.1)
            was_waiting = not writing.done()

        assert was_waiting
        with pytest.raises(Unauthenticated):
            await writing


async def at_once(*work: Awaitable[object]) -> list[object]:
    """Do everything at once, and return the results and the exceptions."""
    return await asyncio.gather(*work, return_exceptions=True)


def kind_of(result: object) -> str:
    """Return what a result is, such as ``Todo``, ``None`` or ``StaleVersion``."""
    return "None" if result is None else type(result).__name__


async def count_of(database: Database, table: str) -> int:
    """Return the number of all rows."""
    row = await database.fetch_one(Statement(select(func.count()).select_from(METADATA.tables[table])))
    assert row is not None
    return row[0]
