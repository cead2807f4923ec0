"""How many statements a use case costs on PostgreSQL: each is a round trip."""

from collections.abc import AsyncGenerator
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from sqlalchemy import func, select

from adapters.sqlalchemy.database import Statement
from adapters.sqlalchemy.postgresql import open_postgresql
from adapters.sqlalchemy.store import SqlAlchemyStore
from domain.accounts.model import AccountPatch
from domain.posts.model import NewPost
from domain.todos.due import NewDue
from domain.todos.model import NewTodo, Todo, TodoPatch
from domain.todos.query import TodoFilter, TodoOrder, TodoQuery
from entrypoints.services import Services
from tests.clock import NOON, StandingClock
from tests.harness import PASSWORD, services_on
from tests.savepoints import SavepointDatabase

if TYPE_CHECKING:
    _Connection = asyncpg.Connection[asyncpg.Record]
else:
    _Connection = asyncpg.Connection


class CountedService:
    """The services on a pool as it is opened in production, an account with a to-do, and what was sent since then."""

    def __init__(self, services: Services, statements: list[str], owner_id: int, todo: Todo) -> None:
        self.accounts = services.accounts
        self.todos = services.todos
        self.posts = services.posts
        self.statements = statements
        self.owner_id = owner_id
        self.todo = todo

    @property
    def verbs(self) -> list[str]:
        """The first word of each statement."""
        return [statement.split(maxsplit=1)[0].rstrip(";") for statement in self.statements]


@pytest.fixture
async def counted(
    committed_url: str, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[CountedService]:
    """Services whose statements are written down."""
    statements: list[str] = []

    class Recorded(_Connection):
        """Writes down what is sent, in the order in which it is."""

        async def execute(self, query: str, *args: Any, **options: Any) -> str:
            statements.append(query)
            return await super().execute(query, *args, **options)

        async def fetch(self, query: str, *args: Any, **options: Any) -> Any:
            statements.append(query)
            return await super().fetch(query, *args, **options)

        async def fetchrow(self, query: str, *args: Any, **options: Any) -> Any:
            statements.append(query)
            return await super().fetchrow(query, *args, **options)

    monkeypatch.setattr(asyncpg, "create_pool", partial(asyncpg.create_pool, connection_class=Recorded))
    async with open_postgresql(committed_url) as database:
        services = services_on(SqlAlchemyStore(database), now=clock)
        owner_id = (await services.accounts.register(email="ada@example.com", password=PASSWORD)).id
        todo = await services.todos.create(NewTodo(title="Buy oat milk"), owner_id=owner_id)
        statements.clear()
        yield CountedService(services, statements, owner_id, todo)


async def test_reading_a_todo_is_one_statement(counted: CountedService) -> None:
    await counted.todos.get(counted.todo.id, owner_id=counted.owner_id)

    assert counted.verbs == ["SELECT"]


async def test_a_page_of_todos_is_one_statement(counted: CountedService) -> None:
    where = TodoFilter(done=False, texts=("milk",))

    page = await counted.todos.page(
        TodoQuery(where=where, order=TodoOrder(key="title")), owner_id=counted.owner_id, network="192.0.2.1"
    )

    assert page.items == [counted.todo]
    assert counted.verbs == ["SELECT"]


async def test_a_total_is_one_statement_more(counted: CountedService) -> None:
    page = await counted.todos.page(TodoQuery(), owner_id=counted.owner_id, network="192.0.2.1", counted=True)

    assert page.total == 1
    assert counted.verbs == ["SELECT", "SELECT"]


async def test_a_day_asks_for_the_zone_of_the_owner(counted: CountedService) -> None:
    where = TodoFilter(due_before=date(2026, 12, 24), due_after=date(2026, 12, 1))

    page = await counted.todos.page(
        TodoQuery(where=where), owner_id=counted.owner_id, network="192.0.2.1", counted=True
    )

    assert page.total == 0
    assert counted.verbs == ["SELECT", "SELECT", "SELECT"]


async def test_creating_a_todo_is_one_statement(counted: CountedService) -> None:
    await counted.todos.create(NewTodo(title="Water the plants"), owner_id=counted.owner_id)

    assert counted.verbs == ["INSERT"]


async def test_the_first_todo_of_an_account_in_a_process_is_measured_before(counted: CountedService) -> None:
    other_id = (await counted.accounts.register(email="grace@example.com", password=PASSWORD)).id
    counted.statements.clear()

    await counted.todos.create(NewTodo(title="Water the plants"), owner_id=other_id)
    await counted.posts.publish(NewPost(content="Hello"), author_id=other_id)

    assert counted.verbs == ["SELECT", "INSERT", "INSERT"]


async def test_a_longer_text_costs_no_more_than_any_other_change(counted: CountedService) -> None:
    await counted.todos.change(counted.todo.id, TodoPatch(description="Unsweetened"), owner_id=counted.owner_id)

    assert counted.verbs == ["SELECT", "UPDATE"]


async def test_a_due_date_without_a_zone_asks_for_the_owners(counted: CountedService) -> None:
    await counted.todos.create(NewTodo(title="Due", due=NewDue(date=date(2026, 12, 24))), owner_id=counted.owner_id)

    assert counted.verbs == ["SELECT", "INSERT"]


async def test_changing_a_todo_is_two_statements(counted: CountedService) -> None:
    await counted.todos.change(counted.todo.id, TodoPatch(done=True), owner_id=counted.owner_id)

    assert counted.verbs == ["SELECT", "UPDATE"]


async def test_a_change_that_changes_nothing_is_one_statement(counted: CountedService) -> None:
    await counted.todos.change(counted.todo.id, TodoPatch(done=False), owner_id=counted.owner_id)

    assert counted.verbs == ["SELECT"]


async def test_removing_a_todo_is_one_statement(counted: CountedService) -> None:
    await counted.todos.remove(counted.todo.id, owner_id=counted.owner_id)

    assert counted.verbs == ["DELETE"]


async def test_changing_a_profile_is_two_statements(counted: CountedService) -> None:
    await counted.accounts.change(counted.owner_id, AccountPatch(display_name="Ada"))

    assert counted.verbs == ["SELECT", "UPDATE"]


async def test_only_what_has_to_be_one_change_pays_for_a_transaction(counted: CountedService) -> None:
    await counted.accounts.change_password(
        counted.owner_id, old_password=PASSWORD, new_password=f"new {PASSWORD}", session_id=None
    )

    assert counted.verbs == ["SELECT", "BEGIN", "UPDATE", "DELETE", "COMMIT"]


async def test_a_statement_is_compiled_once(database: SavepointDatabase) -> None:
    statement = Statement(select(func.now()))
    await database.fetch_one(statement)
    compiled = statement.compiled

    await database.fetch_one(statement)
    await database.fetch_all(statement)

    assert compiled is not None
    assert statement.compiled is compiled


async def test_lists_of_the_same_shape_are_one_prepared_statement(database: SavepointDatabase) -> None:
    todos = SqlAlchemyStore(database).todos
    before = await prepared_statements(database)

    seldom = TodoOrder(key="priority", descending=True)  # no other test has asked for such a list on this connection
    for owner_id, text in ((1, "milk"), (2, "bread")):
        where = TodoFilter(texts=(text,), priority=5, tags=(text,), due_before=NOON, due_after=NOON)
        await todos.find(TodoQuery(where=where, order=seldom, limit=owner_id), owner_id=owner_id)
    where = TodoFilter(texts=("tea",), priority=5, done=True, due_before=NOON, due_after=NOON)
    await todos.find(TodoQuery(where=where, order=seldom), owner_id=1)

    prepared = await prepared_statements(database) - before
    assert len(prepared) == 2


async def prepared_statements(database: SavepointDatabase) -> set[str]:
    """Return the names of the lists of to-dos that are prepared on the connection."""
    rows = await database.connection.fetch(
        "SELECT name FROM pg_prepared_statements WHERE statement LIKE 'SELECT todos.%FROM todos%ORDER BY%'"
    )
    return {row["name"] for row in rows}
