"""The rows in tests/fixtures, in both databases."""

import re
from datetime import UTC, date, datetime, time
from pathlib import Path

import httpx
import pytest

from adapters.sqlalchemy.database import Database
from domain.accounts.model import Account
from domain.errors import NotFound
from domain.store import Store
from domain.todos.due import Due
from domain.todos.model import TagCount, Todo
from domain.todos.query import TagQuery, TodoFilter, TodoQuery
from tests.builders import a_new_account, a_todo
from tests.clock import NOON
from tests.csv_fixtures import FIXTURES, CsvError, load
from tests.harness import PASSWORD

POSTS = "id,content,author_email,created_time\n"


@pytest.mark.usefixtures("csv_fixtures")
class TestFixtures:
    async def test_the_board_shows_the_second_post_first(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/posts")

        assert answer.json() == {
            "page": 1,
            "per_page": 10,
            "total": 2,
            "result": [
                {
                    "id": 2,
                    "content": "Second",
                    "author_email": "me@fb.com",
                    "created_time": "2018-10-04T15:20:00Z",
                },
                {
                    "id": 1,
                    "content": "Hello",
                    "author_email": "me@me.com",
                    "created_time": "2018-10-03T12:30:00Z",
                },
            ],
        }

    async def test_somebody_from_the_files_signs_in_and_publishes_post_3(self, client: httpx.AsyncClient) -> None:
        pair = await client.post("/auth/login", data={"username": "me@me.com", "password": PASSWORD})
        client.headers["Authorization"] = f"Bearer {pair.json()['access_token']}"

        answer = await client.post("/posts", json={"content": "Third"})

        assert (answer.status_code, answer.json()["id"]) == (201, 3)
        assert (await client.get("/posts")).json()["result"][0]["content"] == "Third"

    async def test_accounts_and_todos_are_there(self, store: Store) -> None:
        account = await store.accounts.get(1)
        todo = await store.todos.get(1, owner_id=1)

        created_at = datetime(2018, 10, 1, 8, tzinfo=UTC)
        assert account == Account(
            id=1,
            email="me@me.com",
            display_name="Me",
            time_zone="Europe/Berlin",
            created_at=created_at,
            updated_at=created_at,
            version=1,
        )
        assert todo == Todo(
            id=1,
            title="Buy oat milk",
            description="The one without sugar.",
            done=False,
            done_at=None,
            priority=2,
            tags=("home", "Shopping"),
            due=Due(date=date(2018, 10, 5), time=time(18, 30), zone="Europe/Berlin"),
            due_at=datetime(2018, 10, 5, 16, 30, tzinfo=UTC),
            created_at=datetime(2018, 10, 3, 12, 30, tzinfo=UTC),
            updated_at=datetime(2018, 10, 3, 12, 30, tzinfo=UTC),
        )

    async def test_due_instants_are_what_their_due_dates_mean(self, store: Store) -> None:
        todos = [todo for owner in (1, 2) for todo in (await store.todos.find(TodoQuery(), owner_id=owner)).items]

        assert len(todos) == 3
        assert [todo.due_at for todo in todos] == [todo.due and todo.due.instant() for todo in todos]

    async def test_todos_are_found_without_case(self, store: Store) -> None:
        assert await store.todos.count(TodoFilter(tags=("SHOPPING",), texts=("OAT",)), owner_id=1) == 1
        assert await store.todos.count(TodoFilter(texts=("sugar",)), owner_id=1) == 1
        assert (await store.todos.tags(TagQuery(), owner_id=1)).items == [
            TagCount(tag="home", count=2),
            TagCount(tag="Shopping", count=1),
        ]

    async def test_new_rows_get_the_ids_after_the_highest(self, store: Store) -> None:
        account = await store.accounts.add(a_new_account())
        todo = await store.todos.add(a_todo(), owner_id=account.id)

        assert (account.id, todo.id) == (3, 4)


class TestLoading:
    async def test_a_part_can_be_loaded(self, store_database: Database, store: Store) -> None:
        await load(store_database, FIXTURES, only=["users.csv", "posts.csv"])

        assert await store.posts.count() == 2
        assert await store.todos.count(TodoFilter(), owner_id=1) == 0

    async def test_files_are_loaded_after_what_they_refer_to(
        self, store_database: Database, store: Store, user: Account, tmp_path: Path
    ) -> None:
        (tmp_path / "posts.csv").write_text(
            f"author_id,content,author_email,created_time\n{user.id + 1},Hello,me@me.com,2018-10-03 12:30:00\n"
        )
        (tmp_path / "users.csv").write_text(
            "id,email,password_hash,time_zone,created_at,updated_at,version\n"
            f"{user.id + 1},me@me.com,hash,UTC,2018-10-03 12:30:00,2018-10-03 12:30:00,1\n"
        )

        await load(store_database, tmp_path)

        await store.accounts.remove(user.id + 1)
        assert await store.posts.count() == 0

    async def test_an_unknown_file_is_named_with_those_there_are(self, store_database: Database) -> None:
        message = "nobody.csv: there is no such file; there are posts.csv, todos.csv, users.csv"

        with pytest.raises(CsvError, match=f"^{re.escape(message)}$"):
            await load(store_database, FIXTURES, only=["nobody.csv"])

    async def test_a_row_that_is_there_already_stops_everything(
        self, store_database: Database, store: Store, user: Account, tmp_path: Path
    ) -> None:
        post = await store.posts.add("There", author_id=user.id, at=NOON)
        first, second = (
            f"{post.id + 1},New,me@me.com,2018-10-03 12:30:00\n",
            f"{post.id},Old,me@me.com,2018-10-03 12:30:00\n",
        )
        (tmp_path / "posts.csv").write_text(POSTS + first + second)

        with pytest.raises(CsvError, match=r"^posts\.csv, line 3: there is such a row already"):
            await load(store_database, tmp_path)

        assert await store.posts.count() == 1
        with pytest.raises(NotFound):
            await store.posts.get(post.id + 1)

    async def test_a_reference_to_nothing_is_named_with_its_line(
        self, store_database: Database, tmp_path: Path
    ) -> None:
        (tmp_path / "posts.csv").write_text(
            "author_id,content,author_email,created_time\n0,Hello,me@me.com,2018-10-03 12:30:00\n"
        )

        with pytest.raises(CsvError, match=r"^posts\.csv, line 2: there is no row that it refers to"):
            await load(store_database, tmp_path)
