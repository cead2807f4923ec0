"""Statements that a kind of database says in other words, and how many of them there are."""

from itertools import product
from typing import get_args

from sqlalchemy import literal, select, text

from adapters.sqlalchemy.database import Statement
from adapters.sqlalchemy.todo_lists import find
from domain.todos.query import SortKey, TodoFilter, TodoOrder, TodoQuery

CORE, OTHERWISE = select(literal(1)), text("SELECT 1 FROM DUAL")


def test_a_statement_is_the_same_on_every_database_unless_one_says_it_otherwise() -> None:
    statement = Statement(CORE, sqlite=OTHERWISE)

    assert statement.on("sqlite") is OTHERWISE
    assert statement.on("postgresql") is CORE


def test_the_module_of_another_kind_says_it_in_its_own_words() -> None:
    statement = Statement(CORE)

    statement.vary("mysql", OTHERWISE)

    assert statement.on("mysql") is OTHERWISE
    assert statement.on("sqlite") is CORE


def a_search(*, tags: int, words: int, key: SortKey = "created_at") -> TodoQuery:
    asked = TodoFilter(
        tags=tuple(f"tag {number}" for number in range(tags)), texts=tuple(f"word{number}" for number in range(words))
    )
    return TodoQuery(where=asked, order=TodoOrder(key=key))


def test_searches_for_as_many_words_and_tags_are_one_statement_with_other_values() -> None:
    other = TodoQuery(where=TodoFilter(tags=("home", "HOME", "work"), texts=("oat", "milk", "OAT")))

    (statement, _), (same, values) = find(a_search(tags=2, words=2)), find(other)

    assert same is statement
    assert values == {"tag_0": "home", "tag_1": "work", "text_0": "oat", "text_1": "milk", "limit": 51}


def test_more_kinds_of_searches_than_anybody_needs_are_not_kept() -> None:
    statement, _ = find(a_search(tags=1, words=1))

    for tags, words, key in product(range(1, 21), range(1, 11), get_args(SortKey)):
        find(a_search(tags=tags, words=words, key=key))

    assert find(a_search(tags=1, words=1))[0] is not statement
