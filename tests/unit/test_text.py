"""Rules that hold for every piece of text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Invalid
from domain.text import checked_label, checked_text, is_encodable

anything = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize("text", ["a", "abc", "\U0001f95b" * 3])
def test_length_is_counted_in_code_points(text: str) -> None:
    assert checked_text(text, min_length=1, max_length=3) is text


def test_text_may_be_empty_unless_it_may_not() -> None:
    assert checked_text("", max_length=3) == ""
    with pytest.raises(Invalid, match="Must have 1 to 3 characters"):
        checked_text("", min_length=1, max_length=3)


def test_text_that_is_too_long_is_told_the_longest() -> None:
    with pytest.raises(Invalid, match="Must have at most 3 characters"):
        checked_text("abcd", max_length=3)


@pytest.mark.parametrize(
    ("text", "reason"), [("a\x00b", "U\\+0000"), ("\ud800", "surrogate"), ("a\udcffb", "surrogate")]
)
def test_what_a_database_cannot_store_is_refused(text: str, reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        checked_text(text, max_length=10)


def test_an_error_says_where_the_text_stands() -> None:
    with pytest.raises(Invalid) as refused:
        checked_text("abcd", max_length=3, pointer="/title")

    assert refused.value.pointer == "/title"


@given(anything)
def test_text_is_encodable_if_it_holds_no_surrogate(text: str) -> None:
    assert is_encodable(text) is not any("\ud800" <= character <= "\udfff" for character in text)


INVISIBLE = [
    "\u200b",  # a space without a width
    "\u200d\u200d",  # joiners
    "\ufe0f",  # a variation selector
    "\u2060\ufeff\u00ad",  # formats
    "\u3164\u115f\uffa0",  # fillers of Hangul, which are letters
    "\u2800",  # a Braille cell without a dot
    "\x01",
    "\u202e\u202c",
]


@pytest.mark.parametrize("text", INVISIBLE, ids=ascii)
@pytest.mark.parametrize("around", ["{}", " {} ", "{0}{0}"])
def test_a_label_that_shows_nothing_is_none(text: str, around: str) -> None:
    with pytest.raises(Invalid) as error:
        checked_label(around.format(text), max_length=100, pointer="/title")

    assert error.value.pointer == "/title"


@pytest.mark.parametrize(
    "text",
    ["x", "!", "1", "é", "한", "👩\u200d👩\u200d👧", "❤\ufe0f", "\u200bx", "x\u200b", "\u0301", "…", "٣"],
    ids=ascii,
)
def test_a_label_may_have_characters_that_show_nothing_beside_others(text: str) -> None:
    assert checked_label(f" {text} ", max_length=100, pointer="/title") == text
