"""What must not reach a log line: secrets, and characters that forge lines or steer terminals."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, cast

from domain.api_tokens.model import API_TOKEN_PREFIX
from domain.sessions.model import REFRESH_TOKEN_PREFIX

REDACTED = "[redacted]"

_SENSITIVE = (
    *("password", "passwd", "token", "secret", "authorization", "cookie"),
    *("api_key", "apikey", "api-key", "digest", "hash", "dsn"),
)
"""Parts of names whose values are nobody's business."""

_MIN_SECRET_LENGTH = 8
"""Characters; a shorter secret is an ordinary word too often to be looked for."""

_DIGEST_LENGTH = 64
"""Hexadecimal digits of a SHA-256 digest; ids of requests and traces have half as many."""

_MARKERS = (
    *_SENSITIVE,
    API_TOKEN_PREFIX,
    REFRESH_TOKEN_PREFIX,
    "eyj",
    "$argon2",
    "age-secret-key",
    "bearer",
    "basic",
    "://",
)
"""In lower case: text without any of them needs no closer look, which is nearly all text there is."""

_NUMBERS = (int, float)  # and truth values, which are numbers in Python

_NAME = rf"(?:{'|'.join(_SENSITIVE)})\w{{0,40}}"
_QUOTED = r""""(?:[^"\\]|\\.){0,1000}"|'(?:[^'\\]|\\.){0,1000}'"""
_UNCLOSED = r"""["'][^"'\n]{1,1000}"""
_BARE = r"""[^\s"'&,;)}]+"""
_VALUE = rf"(?:{_QUOTED}|{_UNCLOSED}|{_BARE})"

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(rf"(?:{API_TOKEN_PREFIX}|{REFRESH_TOKEN_PREFIX})[\w.~-]+", re.IGNORECASE), REDACTED),
    (re.compile(r"eyJ[\w-]{8,}(?:\.[\w-]*)*"), REDACTED),  # a JSON Web Token (RFC 7515), or a part of one
    (re.compile(r"AGE-SECRET-KEY-\w+", re.IGNORECASE), REDACTED),
    (re.compile(r"\$argon2[\w$=,+/.-]+"), REDACTED),
    (re.compile(r"\b(Bearer|Basic)(\s{1,9})[\w.~+/=-]+", re.IGNORECASE), rf"\1\2{REDACTED}"),
    (re.compile(r"(://[^\s/:@]{0,100}):[^\s@]{1,1000}@"), rf"\1:{REDACTED}@"),
    (re.compile(rf"""({_NAME}["']?\s{{0,9}}[=:]\s{{0,9}}){_VALUE}""", re.IGNORECASE), rf"\1{REDACTED}"),
)
"""What secrets look like. The bounds keep the time in proportion to the text, whoever wrote it."""

_DIGEST = re.compile(rf"(?<![0-9a-fA-F])[0-9a-fA-F]{{{_DIGEST_LENGTH},}}")


class Redaction:
    """A processor of structlog, the last one before a line is rendered.

    Whatever a value is, it leaves as text, a number or a container of them, so that nothing that is made text later
    can bring back what was removed. ``secrets`` are the ones this process was given; they are found in any text.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = tuple(secret for secret in secrets if len(secret) >= _MIN_SECRET_LENGTH)
        self._markers = (*_MARKERS, *(secret.lower() for secret in self._secrets))

    def __call__(self, _: object, __: str, entry: Mapping[str, Any]) -> dict[str, Any]:
        """Return the entry with every value clean."""
        if self._is_clean(entry):
            return dict(entry)
        return {
            printable(self.redacted(key)): REDACTED if _is_sensitive(key) else self._clean(value, key)
            for key, value in entry.items()
        }

    def redacted(self, text: str) -> str:
        """Return the text without anything that looks like a secret."""
        if self._has_marker(text):
            for secret in self._secrets:
                text = text.replace(secret, REDACTED)
            for pattern, replacement in _PATTERNS:
                text = pattern.sub(replacement, text)
        return _DIGEST.sub(REDACTED, text) if len(text) >= _DIGEST_LENGTH else text

    def is_clean(self, text: str) -> bool:
        """Tell whether nothing in a text needs to be removed or spelt out."""
        return (
            text.isprintable()
            and not self._has_marker(text)
            and not (len(text) >= _DIGEST_LENGTH and _DIGEST.search(text))
        )

    def _is_clean(self, entry: Mapping[str, Any]) -> bool:
        """Tell at one glance, which takes a tenth of the time, what is true of nearly all entries."""
        texts: list[str] = []
        for value in entry.values():
            if isinstance(value, str):
                if len(value) >= _DIGEST_LENGTH and _DIGEST.search(value):
                    return False
                texts.append(value)
            elif not (value is None or isinstance(value, _NUMBERS)):
                return False
        everything = "|".join(texts)
        return everything.isprintable() and _are_harmless(tuple(entry)) and not self._has_marker(everything)

    def _has_marker(self, text: str) -> bool:
        lower = text.lower()
        for marker in self._markers:  # noqa: SIM110 - any() takes three times as long, and this is asked of every line
            if marker in lower:
                return True
        return False

    def _clean(self, value: object, key: str = "") -> object:
        if isinstance(value, str):
            return printable(self.redacted(value), keep="\n" if key == "exception" else "")
        if value is None or isinstance(value, _NUMBERS):
            return value
        if isinstance(value, Mapping):
            return self(None, "", {str(name): item for name, item in cast("Mapping[object, object]", value).items()})
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self._clean(item) for item in cast("Iterable[object]", value)]
        return printable(self.redacted(value.isoformat() if isinstance(value, date) else _text_of(value)))


def printable(text: str, *, keep: str = "") -> str:
    r"""Return the text with line ends, escape sequences, invisible characters and lone surrogates spelt out (``\x1b``).

    A client's text can then neither begin a line of its own nor colour, hide or overwrite one.
    """
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or character in keep
        else character.encode("unicode_escape", "surrogatepass").decode()
        for character in text
    )


@lru_cache(256)
def _are_harmless(keys: tuple[str, ...]) -> bool:
    return not any(_is_sensitive(key) or not key.isprintable() for key in keys)


def _is_sensitive(key: str) -> bool:
    lower = key.lower()
    return any(part in lower for part in _SENSITIVE)


def _text_of(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - anybody's code; a line is not lost because of it
        return f"<{type(value).__name__}>"
