"""How much one page may hold: its items are bounded by their number, and by the bytes they take as JSON."""

from collections.abc import Iterable
from itertools import accumulate

MAX_PAGE_BYTES = 3_500_000
"""Bytes that the items of a page take at the most; with what stands around them, an answer stays below 3.5 MiB.

So fifty of the largest to-dos always fit: a page as it is when nobody asks for more is never cut, and nobody has to sum
it up.

An item is counted with the most that it could take, which is known before its text is read: an ordinary text takes
a sixth of that.
"""

MAX_CHARACTER_BYTES = 6
"""Bytes that a character takes at the most, and also a byte of UTF-8: U+0001 is one byte, and ``\\u0001`` in JSON."""


def max_text_bytes(text: str | None, *, max_length: int) -> int:
    """Return how many bytes a text of at most ``max_length`` characters takes at the most, without its quotes."""
    return MAX_CHARACTER_BYTES * min(len((text or "").encode()), max_length)


def how_many_fit(sizes: Iterable[int]) -> int:
    """Return how many of the items of these sizes, in bytes, fit in a page."""
    return sum(1 for filled in accumulate(sizes) if filled <= MAX_PAGE_BYTES)
