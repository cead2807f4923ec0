"""What docs/security.md says: every file and every test it names exists."""

import re
from pathlib import Path

import pytest

from adapters.security.common_passwords import common_passwords
from domain.api_tokens.service import MAX_API_TOKENS
from domain.sessions.model import MAX_SESSION_LIFETIME, REFRESH_TOKEN_LIFETIME
from domain.sessions.service import MAX_SESSIONS

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
WORDS = " ".join(DOCUMENT.split())

NAMED = sorted(set(re.findall(r"`((?:src|tests|requirements|tools|docs)/[\w./-]+?\.\w+(?:::\w+)?)`", DOCUMENT)))
LINKED = sorted(set(re.findall(r"\]\(([^)#:]+)\)", DOCUMENT)))


def test_much_is_named() -> None:
    assert len(NAMED) > 100
    assert sum("::" in name for name in NAMED) > 40


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named_exists(name: str) -> None:
    path, _, inside = name.partition("::")

    source = (ROOT / path).read_text(encoding="utf-8")

    assert not inside or re.search(rf"^ *(async def|def|class) {inside}\b", source, re.MULTILINE), name


@pytest.mark.parametrize("link", LINKED)
def test_what_is_linked_exists(link: str) -> None:
    assert (ROOT / "docs" / link).is_file()


@pytest.mark.parametrize("risk", [f"API{number}" for number in range(1, 11)])
def test_every_risk_has_a_row_with_a_test(risk: str) -> None:
    (row,) = [line for line in DOCUMENT.splitlines() if line.startswith(f"| **{risk}**")]

    assert "`tests/" in row.rpartition(" | ")[2]


def test_every_row_says_where_and_which_test() -> None:
    rows = [line for line in DOCUMENT.splitlines() if line.startswith("| **")]
    assert len(rows) > 35

    for row in rows:
        requirement, _, shown = row.strip("| ").split(" | ")
        assert "`tests/" in shown, requirement


def test_the_numbers_are_those_of_the_code() -> None:
    assert f"the {len(common_passwords()):,} of the 30,000 most used ones" in WORDS
    assert (
        f"end after {REFRESH_TOKEN_LIFETIME.days} days without use, and {MAX_SESSION_LIFETIME.days} days after" in WORDS
    )
    assert MAX_SESSIONS == MAX_API_TOKENS
    assert f"An account has at most {MAX_SESSIONS}:" in WORDS
