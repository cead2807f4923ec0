"""Entity tags made of versions, and the conditions that name them (RFC 9110, section 13)."""

import re
from hashlib import sha256
from typing import Annotated

from litestar.datastructures import ResponseHeader
from litestar.params import HeaderParameter

from domain.errors import Invalid
from domain.versions import Versions

IfMatch = Annotated[
    str | None,
    HeaderParameter(
        name="If-Match",
        required=False,
        description="Only change the version with this ETag; `*` is any version.",
        schema_extra={"examples": ['"1"']},
    ),
]
IfNoneMatch = Annotated[
    str | None,
    HeaderParameter(
        name="If-None-Match",
        required=False,
        description="Answer 304 if what has this ETag is still the current one.",
        schema_extra={"examples": ['"1"']},
    ),
]
UnlessMatch = Annotated[
    str | None,
    HeaderParameter(
        name="If-None-Match",
        required=False,
        description="Change nothing if the version with this ETag is the current one; `*` is any version.",
        schema_extra={"examples": ["*"]},
    ),
]

ETAG = ResponseHeader(name="ETag", documentation_only=True, description="The version, for `If-Match`.")
LIST_ETAG = ResponseHeader(name="ETag", documentation_only=True, description="The content, for `If-None-Match`.")

_TAG = re.compile(r'(?:W/)?"([1-9][0-9]{0,17})"')
_DIGEST_LENGTH = 32
"""Hexadecimal digits: 128 bits."""

_BARE_VERSION = re.compile(r"[1-9][0-9]{0,17}")


def etag(version: int) -> str:
    """Return the strong entity tag of a version."""
    return f'"{version}"'


def wanted_versions(if_match: str | None, if_none_match: str | None) -> Versions | None:
    """Return the versions that ``If-Match`` and ``If-None-Match`` together allow to change; ``None`` for any.

    :raises Invalid: as ``versions_to_change``.
    """
    only = versions_to_change(if_match)
    if if_none_match is None:
        return None if only is None else Versions(only=only)
    _require_quotes(if_none_match, parameter="If-None-Match")
    return Versions(only=only, but=None if _is_any(if_none_match) else frozenset(_versions(if_none_match)))


def versions_to_change(if_match: str | None) -> frozenset[int] | None:
    """Return the versions that ``If-Match`` allows to change; ``None`` for any.

    A tag that is not ours is no version at all, so that a condition nobody can fulfil is never fulfilled.

    A weak tag counts, although the comparison is the strong one (RFC 9110, section 13.1.1): a proxy that compresses
    makes ``W/"1"`` of ``"1"``, as the bytes are others. But a tag of ours names no bytes, it names the version, and
    that is what is to be changed. Otherwise nobody behind such a proxy could change anything by ``If-Match``.

    :raises Invalid: if a version stands there without the quotes of a tag.
    """
    if if_match is None or _is_any(if_match):
        return None
    _require_quotes(if_match, parameter="If-Match")
    return frozenset(_versions(if_match))


def _require_quotes(tags: str, *, parameter: str) -> None:
    """Refuse a version that stands there as it is: whoever writes so means a condition, and would not get it.

    :raises Invalid: with the name of the header.
    """
    if any(_BARE_VERSION.fullmatch(word.strip()) for word in tags.split(",")):
        raise Invalid('An entity tag stands in quotes, such as "1".', parameter=parameter)


def etag_of(body: bytes) -> str:
    """Return the entity tag of an answer that is no version of one thing, such as a list: it changes with any byte."""
    return f'"{sha256(body).hexdigest()[:_DIGEST_LENGTH]}"'


def has_same_body(if_none_match: str | None, tag: str) -> bool:
    """Tell whether the client has the answer with this tag already; the comparison is the weak one."""
    if if_none_match is None:
        return False
    return _is_any(if_none_match) or tag in (word.strip().removeprefix("W/") for word in if_none_match.split(","))


def is_unchanged(if_none_match: str | None, version: int) -> bool:
    """Tell whether the client has this version already; the comparison is the weak one."""
    if if_none_match is None:
        return False
    return _is_any(if_none_match) or version in _versions(if_none_match)


def _is_any(tags: str) -> bool:
    return tags.strip() == "*"


def _versions(tags: str) -> list[int]:
    """Return the versions in a list of entity tags; those that are not ours, commas in them included, are none."""
    matches = (_TAG.fullmatch(word.strip()) for word in tags.split(","))
    return [int(match[1]) for match in matches if match]
