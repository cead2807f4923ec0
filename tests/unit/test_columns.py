"""Which columns a row has, and what it becomes."""

import pytest
from sqlalchemy import select

from adapters.sqlalchemy.columns import columns_of
from adapters.sqlalchemy.tables import PostRow


def test_columns_stand_in_the_order_of_the_parameters_that_take_them() -> None:
    def to_words(content: str, id: int, *_: object) -> str:
        return f"{id}: {content}"

    columns = columns_of(PostRow, to_words)

    assert str(select(*columns)).startswith("SELECT posts.content, posts.id \nFROM")
    assert to_words(*("Hello", 3, "something else")) == "3: Hello"


def test_a_parameter_that_is_no_column_is_found_out_at_once() -> None:
    def to_words(contents: str) -> str:
        return contents

    with pytest.raises(AttributeError, match="contents"):
        columns_of(PostRow, to_words)
