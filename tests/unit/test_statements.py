"""What statements may ask of a database that has less than PostgreSQL and SQLite."""

from typing import Any

import pytest
from sqlalchemy import Delete, Update, literal, select, text

from adapters.sqlalchemy import accounts, api_tokens, posts, sessions, todo_rows
from adapters.sqlalchemy.database import Statement

ONE = select(literal(1))
CHANGES: dict[str, Any] = {
    f"{module.__name__}{name}": statement.on("postgresql")
    for module in (accounts, api_tokens, posts, sessions, todo_rows)
    for name, statement in vars(module).items()
    if isinstance(statement, Statement) and isinstance(statement.on("postgresql"), (Update, Delete))
}


@pytest.mark.parametrize("name", CHANGES)
def test_no_update_and_no_delete_returns_rows(name: str) -> None:
    assert CHANGES[name].returning_column_descriptions == []


def test_a_variant_is_for_its_dialect_alone() -> None:
    variant = text("SELECT one")
    statement = Statement(ONE, sqlite=variant)

    assert statement.on("sqlite") is variant
    assert statement.on("postgresql") is ONE
