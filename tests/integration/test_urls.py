"""URLs are put together by libraries: text behind one that has a query already makes another one."""

import ast
from pathlib import Path

import pytest

from tests.integration.deploy_files import ROOT

PASTED = ("?", "&")


def pasted_behind_urls(source: str) -> list[str]:
    """Return the f-strings in which a query follows the value of something that is called a URL."""
    strings = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.JoinedStr)]
    return [
        ast.unparse(string)
        for string in strings
        for value, text in zip(string.values, string.values[1:], strict=False)
        if isinstance(value, ast.FormattedValue)
        and any(word in ast.unparse(value).lower() for word in ("url", "uri", "dsn"))
        and isinstance(text, ast.Constant)
        and str(text.value).startswith(PASTED)
    ]


@pytest.mark.parametrize("folder", ["src", "tests", "bench", "tools"])
def test_no_query_is_pasted_behind_a_url(folder: str) -> None:
    files = sorted(Path(ROOT / folder).rglob("*.py"))

    assert files
    assert {str(file): found for file in files if (found := pasted_behind_urls(file.read_text(encoding="utf-8")))} == {}


def test_what_is_pasted_is_found() -> None:
    assert pasted_behind_urls('f"{database_url}?options=x"') == ["f'{database_url}?options=x'"]
    assert pasted_behind_urls('f"{server.url}/posts?page=1"') == []
