"""Statements that a kind of database says in other words."""

from sqlalchemy import literal, select, text

from adapters.sqlalchemy.database import Statement

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
