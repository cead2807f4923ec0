"""Rules that hold for every piece of text."""

from itertools import groupby
from unicodedata import category, combining, is_normalized, normalize

from domain.errors import Invalid

_FIRST_GRAPHIC, _LAST_GRAPHIC = "!", "~"
"""Of ASCII: what most labels begin with, so that nothing else has to be looked at."""

_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
"""Controls, formats and separators (Unicode Standard, section 4.5)."""

_BLANKS = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"  # a joiner, fillers of Hangul and Khmer, the empty Braille cell
    + "".join(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
"""What shows nothing by itself, and counts as a letter, a mark or a symbol; the last ones are variation selectors."""


def checked_text(text: str, *, max_length: int, min_length: int = 0, pointer: str | None = None) -> str:
    """Return ``text`` unchanged if it can be stored and has ``min_length`` to ``max_length`` characters (code points).

    ``pointer`` says where it stands, see ``Invalid``.

    :raises Invalid: for a NUL (PostgreSQL cannot store it), a lone surrogate (UTF-8 cannot) or a wrong length.
    """
    if "\x00" in text:
        raise Invalid("Must not contain the character U+0000.", pointer=pointer)
    if not is_encodable(text):
        raise Invalid("Must not contain a lone surrogate.", pointer=pointer)
    if not min_length <= len(text) <= max_length:
        bounds = f"{min_length} to {max_length}" if min_length else f"at most {max_length}"
        raise Invalid(f"Must have {bounds} characters.", pointer=pointer)
    return text


def checked_label(text: str, *, max_length: int, pointer: str) -> str:
    """Return ``text`` trimmed, which people are to recognise something by: a title, a tag, a name.

    Joiners and other characters that show nothing may be in it, as they are in many emoji, but not alone.

    :raises Invalid: if it breaks a rule of ``checked_text``, is empty, or shows nothing.
    """
    label = checked_text(text.strip(), pointer=pointer, min_length=1, max_length=max_length)
    if not _shows_something(label):
        raise Invalid("Must have a character that can be seen.", pointer=pointer)
    return label


def _shows_something(text: str) -> bool:
    if _FIRST_GRAPHIC <= text[0] <= _LAST_GRAPHIC:
        return True
    return any(character not in _BLANKS and category(character) not in _UNSEEN_CATEGORIES for character in text)


def is_encodable(text: str) -> bool:
    """Tell whether ``text`` has a UTF-8 form."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def fold(text: str) -> str:
    """Return the form in which two texts are compared: case does not matter, nor how a character is composed.

    That is the Unicode form NFC of the case-folded text. Adapters store it beside the text, so that what counts as
    equal, what contains what and what sorts before what never depends on the collation or the version of a database.
    It has at most three times as many characters.
    """
    if text.isascii():
        return text.lower()
    return normalize("NFC", _composed(text).casefold())


def _composed(text: str) -> str:
    """Return ``text`` in the Unicode form NFC, in a time that grows with its length and hardly faster.

    ``normalize`` sorts the marks that follow a letter by insertion: 10,000 in the worst order take it a third of a
    second. It gets them sorted, by the same rule (Unicode Standard, section 3.11, canonical ordering).
    """
    if is_normalized("NFC", text):
        return text
    runs = groupby(text.translate(_TWO_MARKS), key=_is_mark)
    return normalize("NFC", "".join("".join(sorted(run, key=combining) if marks else run) for marks, run in runs))


_TWO_MARKS = {0x0F73: "\u0f71\u0f72", 0x0F75: "\u0f71\u0f74", 0x0F81: "\u0f71\u0f80"}
"""Characters that do not count as marks, and stand for two: their order is that of the two."""


def _is_mark(character: str) -> bool:
    return combining(character) > 0
