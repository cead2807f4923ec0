"""How CSV files are read; that they reach the tables is shown with the integration tests."""

import re
from collections.abc import Generator
from datetime import UTC, date, datetime, time
from time import tzset

import pytest

from domain.text import fold
from tests.csv_fixtures import CsvError, parse

TODO_HEADER = "owner_id,title,done,done_at,priority,tags,due_date,due_time,created_at,updated_at,version"
TODO = "1,Home,false,,2,Home;Straße,2018-10-05,18:30:00,2018-10-03 12:30:00,2018-10-03T14:30:00.000001+02:00,1"


def values_of(name: str, *lines: str) -> dict[str, object]:
    """Return the values of the only row."""
    (row,) = parse(name, "\n".join(lines))
    return row.values


class TestValues:
    def test_values_have_the_types_of_their_columns(self) -> None:
        values = values_of("todos.csv", TODO_HEADER, TODO)

        assert values == {
            "owner_id": 1,
            "title": "Home",
            "title_key": "home",
            "description_key": None,
            "done": False,
            "done_at": None,
            "priority": 2,
            "tags": ["Home", "Straße"],
            "tag_keys": ["home", "strasse"],
            "due_date": date(2018, 10, 5),
            "due_time": time(18, 30),
            "created_at": datetime(2018, 10, 3, 12, 30, tzinfo=UTC),
            "updated_at": datetime(2018, 10, 3, 12, 30, 0, 1, tzinfo=UTC),
            "version": 1,
        }

    @pytest.fixture
    def elsewhere(self, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
        """The machine's clock shows the time of another zone."""
        monkeypatch.setenv("TZ", "Asia/Tokyo")
        tzset()
        yield
        monkeypatch.undo()
        tzset()

    @pytest.mark.usefixtures("elsewhere")
    def test_a_time_without_an_offset_is_utc_wherever_the_machine_is(self) -> None:
        values = values_of("posts.csv", "id,content,author_email,created_time", "1,Hello,me@me.com,2018-10-03 12:30:00")

        assert values["created_time"] == datetime(2018, 10, 3, 12, 30, tzinfo=UTC)

    def test_true_is_true(self) -> None:
        assert values_of("todos.csv", TODO_HEADER, TODO.replace("false", "true"))["done"] is True

    def test_an_empty_list_has_no_elements(self) -> None:
        values = values_of("todos.csv", TODO_HEADER, TODO.replace("Home;Straße", ""))

        assert (values["tags"], values["tag_keys"]) == ([], [])

    def test_an_empty_value_is_null_where_that_is_allowed_and_empty_text_where_not(self) -> None:
        header = "id,content,author_email,created_time,author_id"

        values = values_of("posts.csv", header, "1,,me@me.com,2018-10-03 12:30:00,")

        assert (values["content"], values["author_id"]) == ("", None)

    def test_descriptions_are_folded_too(self) -> None:
        values = values_of("todos.csv", f"description,{TODO_HEADER}", f"Straße,{TODO}")

        assert (values["description"], values["description_key"]) == ("Straße", fold("Straße"))

    def test_quoted_values_may_contain_anything(self) -> None:
        text = 'content,author_email,created_time\r\n"a ""b"",\r\n\u2028c",me@me.com,2018-10-03 12:30:00\r\n'

        (row,) = parse("posts.csv", text)

        assert row.values["content"] == 'a "b",\r\n\u2028c'

    def test_rows_know_the_line_they_start_on(self) -> None:
        rows = parse(
            "posts.csv",
            "content,author_email,created_time\n"
            '"two\nlines",me@me.com,2018-10-03 12:30:00\n'
            "\n"
            "last,me@me.com,2018-10-03 12:30:00\n",
        )

        assert [row.line for row in rows] == [2, 5]

    def test_a_file_may_have_no_rows(self) -> None:
        assert parse("posts.csv", "content,author_email,created_time\n") == []


class TestErrors:
    @pytest.mark.parametrize(
        ("column", "value", "expectation"),
        [
            ("done", "maybe", "'maybe' is not true or false"),
            ("done", "True", "'True' is not true or false"),
            ("done", "", "'' is not true or false"),
            ("priority", "high", "'high' is not a whole number"),
            ("created_at", "yesterday", "'yesterday' is not a date and a time"),
            ("created_at", "", "'' is not a date and a time"),
            ("due_date", "2018-02-30", "'2018-02-30' is not a date"),
            ("due_time", "25:00", "'25:00' is not a time of day"),
        ],
    )
    def test_a_bad_value_is_named_with_its_place(self, column: str, value: str, expectation: str) -> None:
        good = dict(zip(TODO_HEADER.split(","), TODO.split(","), strict=True))
        bad = good | {column: value}

        with pytest.raises(CsvError, match=exactly(f"todos.csv, line 3, {column}: {expectation}")):
            parse("todos.csv", "\n".join([TODO_HEADER, TODO, ",".join(bad.values())]))

    def test_an_unknown_column_is_named_with_those_there_are(self) -> None:
        message = (
            "posts.csv: there is no column 'x' in posts; it has id, author_id, content, author_email, created_time"
        )

        with pytest.raises(CsvError, match=exactly(message)):
            parse("posts.csv", "id,x\n1,2\n")

    def test_folded_columns_are_not_for_files(self) -> None:
        with pytest.raises(CsvError, match="there is no column 'title_key' in todos; it has id, owner_id, title, desc"):
            parse("todos.csv", "title_key\nhome\n")

    def test_a_column_that_is_there_twice_is_refused(self) -> None:
        with pytest.raises(CsvError, match=exactly("posts.csv: the column 'content' is there 2 times")):
            parse("posts.csv", "content,author_email,created_time,content\n")

    def test_a_column_that_is_missing_is_named(self) -> None:
        with pytest.raises(CsvError, match=exactly("posts.csv: the column 'created_time' is missing")):
            parse("posts.csv", "content,author_email\nHello,me@me.com\n")

    @pytest.mark.parametrize(("line", "count"), [("1,Hello", 2), ("1,Hello,me@me.com,2018-10-03,more", 5)])
    def test_a_wrong_number_of_values_is_refused(self, line: str, count: int) -> None:
        with pytest.raises(CsvError, match=exactly(f"posts.csv, line 2: there are {count} values for 4 columns")):
            parse("posts.csv", f"id,content,author_email,created_time\n{line}\n")

    def test_a_file_that_belongs_to_no_table_is_refused(self) -> None:
        named = r"^colours\.csv: there is no such table; files may be called users\.csv, .*todos\.csv"

        with pytest.raises(CsvError, match=named):
            parse("colours.csv", "id\n1\n")

    def test_an_empty_file_lacks_its_columns(self) -> None:
        with pytest.raises(CsvError, match=exactly("posts.csv: the column 'content' is missing")):
            parse("posts.csv", "")

    def test_a_quotation_that_does_not_end_is_refused(self) -> None:
        with pytest.raises(CsvError, match=r"^posts\.csv, line 2: unexpected end of data$"):
            parse("posts.csv", 'content,author_email,created_time\n"Hello')


def exactly(message: str) -> str:
    """Return a pattern that matches this message and nothing else."""
    return f"^{re.escape(message)}$"
