"""Entity tags and the conditions that name them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoints.http.preconditions import etag, is_unchanged, versions_to_change

versions = st.integers(1, 10**18 - 1)
anything = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize("if_match", [None, "*", " * "])
def test_without_a_condition_any_version_is_changed(if_match: str | None) -> None:
    assert versions_to_change(if_match) is None


@pytest.mark.parametrize(
    ("if_match", "expected"),
    [
        ('"1"', {1}),
        ('"1", "2","30"', {1, 2, 30}),
        ('W/"1", "2"', {1, 2}),
        ('"abc", "2"', {2}),
        ('"a"1"b"', set[int]()),
        ('w/"1"', set[int]()),
    ],
)
def test_the_named_versions_are_changed(if_match: str, expected: set[int]) -> None:
    assert versions_to_change(if_match) == expected


@pytest.mark.parametrize(
    "if_match",
    ["", 'W/"abc"', '"abc"', '"-1"', '"1', '"01"', '"0"', '"1.0"', '" 1"', '"\u0661"', '"' + "9" * 5000 + '"'],
)
def test_a_condition_that_names_no_version_of_ours_is_never_fulfilled(if_match: str) -> None:
    assert versions_to_change(if_match) == frozenset()


@pytest.mark.parametrize("if_none_match", ["*", '"3"', 'W/"3"', '"1", W/"3"', '"1","3"'])
def test_a_client_that_has_the_version_is_told_so(if_none_match: str) -> None:
    assert is_unchanged(if_none_match, 3)


@pytest.mark.parametrize("if_none_match", [None, "", '"2"', '"33"', "3", '"03"', '"abc"'])
def test_a_client_that_has_another_version_is_not(if_none_match: str | None) -> None:
    assert not is_unchanged(if_none_match, 3)


@given(versions, versions)
def test_a_tag_names_its_version_and_no_other(version: int, other: int) -> None:
    assert versions_to_change(etag(version)) == {version}
    assert is_unchanged(etag(version), version)
    assert is_unchanged(f"W/{etag(version)}", version)
    assert is_unchanged(etag(version), other) is (version == other)


@given(anything)
def test_no_header_is_an_error(text: str) -> None:
    named = versions_to_change(text)

    assert named is None or all(version > 0 for version in named)
    assert is_unchanged(text, 1) in {True, False}
