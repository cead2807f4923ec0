"""Answers in fewer bytes, for whoever says that they can read them (RFC 9110, section 12.5.3).

Only answers to what reads are compressed, and only if they went well. The length of a compressed answer tells how much
of it is there twice: where a secret stands beside what somebody else has put into the request, it can be guessed letter
by letter (BREACH). Tokens are in answers to ``POST`` alone, and no answer to ``GET`` has a secret in its content.
"""

import asyncio
import re
import sys
import zlib
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from importlib import import_module
from typing import Any, NamedTuple

from litestar.types import HTTPScope

from entrypoints.http.context import context_of
from entrypoints.http.headers import header_lines

COMPRESSIBLE = 1_024
"""Bytes above which an answer is compressed: a smaller one fits into one packet with its head as it is."""

_QUICK = 64 * 1_024
"""Bytes that are compressed in a quarter of a millisecond at the most; what is larger would hold up other requests."""

_CACHE_SIZE = 64
"""Headers whose meaning is remembered; browsers and libraries send a few dozen."""

_MAX_LENGTH = 256
"""Characters of a header that is worth reading."""

_GZIP = 31
"""What zlib calls the format of gzip, with the largest window."""

_WEIGHT = re.compile(r"[ \t]*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*", re.IGNORECASE)


class Coding(NamedTuple):
    """A content coding: what it is called, and how to do it, quickly for one answer or well for many."""

    name: str
    quick: Callable[[bytes], bytes]
    thorough: Callable[[bytes], bytes]

    async def encode(self, body: bytes) -> bytes:
        """Return the body of one answer, compressed."""
        return self.quick(body) if len(body) <= _QUICK else await asyncio.to_thread(self.quick, body)


def _codings() -> list[Coding]:
    """Return what there is, the best first: zstd takes less time than gzip, and makes less of the same."""
    gzip = Coding("gzip", partial(zlib.compress, level=1, wbits=_GZIP), partial(zlib.compress, level=9, wbits=_GZIP))
    try:
        zstd: Any = import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    except ImportError:  # a Python that was built without it
        return [gzip]
    return [Coding("zstd", partial(zstd.compress, level=1), partial(zstd.compress, level=12)), gzip]


CODINGS = _codings()


def coding_for(scope: HTTPScope) -> Coding | None:
    """Return how the client likes best to get an answer, ``None`` is as it is; caches are told that others may differ.

    Whoever refuses what is not compressed and knows no coding of ours gets it all the same: it is all there is.
    """
    context_of(scope).response_headers[b"vary"] = b"Accept-Encoding"
    wanted = header_lines(scope, b"accept-encoding")
    return None if wanted is None or len(wanted) > _MAX_LENGTH else _preferred(wanted)


def weakened(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers with a weak entity tag: the content is the same, its bytes are not (RFC 9110, 8.8.3.3)."""
    return [
        (name, b"W/" + value if name == b"etag" and not value.startswith(b"W/") else value) for name, value in headers
    ]


@lru_cache(_CACHE_SIZE)
def _preferred(wanted: str) -> Coding | None:
    weights: dict[str, float] = {}
    for word in wanted.split(","):
        name, has_weight, weight = word.partition(";")
        match = _WEIGHT.fullmatch(weight)
        # What is no weight is a coding that is not understood.
        weights[name.strip().lower().removeprefix("x-")] = (float(match[1]) if match else 0) if has_weight else 1
    # Whoever takes anything means what everybody can read.
    weights.setdefault("gzip", weights.get("*", 0))
    best = max(CODINGS, key=lambda coding: weights.get(coding.name, 0))
    weight = weights.get(best.name, 0)
    return best if weight and weight >= weights.get("identity", 0) else None
