"""The form in which texts are compared: without case, and in the Unicode form NFC."""

import sys
from time import perf_counter
from typing import Literal
from unicodedata import combining, normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.text import fold

EVERY_CHARACTER = [chr(number) for number in range(sys.maxunicode + 1)]
MARKS = [character for character in EVERY_CHARACTER if combining(normalize("NFD", character)[0])]
"""What follows a letter and belongs to it, or stands for several that do."""

some_marks = st.text(st.sampled_from(MARKS), max_size=5)
texts = st.lists(st.text(st.characters(exclude_categories=()), max_size=5) | some_marks).map("".join)
forms: st.SearchStrategy[Literal["NFC", "NFD"]] = st.sampled_from(("NFC", "NFD"))


@pytest.mark.parametrize(
    ("one", "other"),
    [("Milk", "mILK"), ("Straße", "STRASSE"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("\u0390", "\u0390".upper()), ("ǰ", "ǰ".upper())],
)
def test_texts_that_differ_in_case_are_equal(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("caf\u00e9", "cafe\u0301", id="a letter and its accent"),
        pytest.param("CAFE\u0301", "caf\u00e9", id="in another case"),
        pytest.param("q\u0323\u0307", "q\u0307\u0323", id="accents in another order"),
        pytest.param("\ud55c\uae00", "\u1112\u1161\u11ab\u1100\u1173\u11af", id="a script whose letters are composed"),
        pytest.param("5 \u212b", "5 \u00c5", id="a unit that is a letter"),
        pytest.param("\u0f40\u0f73\u0f39", "\u0f40\u0f39\u0f71\u0f72", id="a character that stands for two marks"),
    ],
)
def test_texts_that_look_the_same_are_equal(one: str, other: str) -> None:
    assert one != other
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("resume", "r\u00e9sum\u00e9", id="an accent"),
        pytest.param("x\u00b2", "x2", id="another size"),
        pytest.param("e\u0301\u0300", "e\u0300\u0301", id="accents one above the other"),
    ],
)
def test_texts_that_look_different_are_not(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_every_character_equals_its_other_forms() -> None:
    different = {
        character
        for character in EVERY_CHARACTER
        if len({*map(fold, (character, normalize("NFD", character), character.lower(), fold(character)))}) > 1
    }

    assert different == set()


def test_no_character_becomes_more_than_three() -> None:
    assert max(len(fold(character)) for character in EVERY_CHARACTER) == 3


@given(st.lists(st.tuples(texts, forms, forms)))
def test_texts_in_whatever_mixture_of_forms_are_equal(
    parts: list[tuple[str, Literal["NFC", "NFD"], Literal["NFC", "NFD"]]],
) -> None:
    one = "".join(normalize(form, text) for text, form, _ in parts)
    other = "".join(normalize(form, text) for text, _, form in parts)

    assert fold(one) == fold(other)


@given(texts)
def test_it_is_the_composed_form_of_the_folded_composed_form(text: str) -> None:
    assert fold(text) == normalize("NFC", normalize("NFC", text).casefold())


@given(texts)
def test_what_is_folded_stays_as_it_is(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(texts)
def test_case_does_not_matter(text: str) -> None:
    assert fold(normalize("NFC", text).casefold()) == fold(text)


@given(st.text(st.characters(max_codepoint=127)))
def test_ascii_is_folded_like_everything_else(text: str) -> None:
    assert fold(text) + fold("É") == fold(f"{text}É")


@pytest.mark.parametrize(
    "marks",
    [
        pytest.param("\u0301\u0323" * 5_000, id="in the wrong order by turns"),
        pytest.param("".join(sorted(MARKS * 11, key=combining, reverse=True))[:10_000], id="in the wrong order"),
        *(
            pytest.param(character * 10_000, id=f"U+{ord(character):04X}, which stands for several")
            for character in MARKS
            if len(normalize("NFD", character)) > 1
        ),
    ],
)
def test_no_marks_are_much_dearer_to_fold_than_a_text_that_people_write(marks: str) -> None:
    ordinary = normalize("NFD", "Grüße aus Österreich, à bientôt! " * 400)[:10_000]

    def seconds(text: str) -> float:
        began = perf_counter()
        fold(text)
        return perf_counter() - began

    # One after the other, so that both are measured beside the same neighbours.
    took = [(seconds(f"e{marks}"), seconds(ordinary)) for _ in range(7)]

    hostile, harmless = (min(times) for times in zip(*took, strict=True))
    assert hostile < 20 * harmless
