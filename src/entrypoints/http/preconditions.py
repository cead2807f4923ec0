"""Entity tags made of versions, and the conditions that name them (RFC 9110, section 13)."""

import re
from typing import Annotated

from litestar.datastructures import ResponseHeader
from litestar.params import HeaderParameter

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
        description="Answer 304 if the version with this ETag is still the current one.",
        schema_extra={"examples": ['"1"']},
    ),
]

ETAG = ResponseHeader(name="ETag", documentation_only=True, description="The version, for `If-Match`.")

_STRONG_TAG = re.compile(r'"([1-9][0-9]{0,17})"')
_ANY_TAG = re.compile(r'(?:W/)?"([1-9][0-9]{0,17})"')


def etag(version: int) -> str:
    """Return the strong entity tag of a version."""
    return f'"{version}"'


def versions_to_change(if_match: str | None) -> frozenset[int] | None:
    """Return the versions that ``If-Match`` allows to change; ``None`` for any.

    A tag that is not ours is no version at all, so that a condition nobody can fulfil is never fulfilled. Weak tags
    do not count: the comparison is the strong one.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    return frozenset(_versions(if_match, _STRONG_TAG))


def is_unchanged(if_none_match: str | None, version: int) -> bool:
    """Tell whether the client has this version already; the comparison is the weak one."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or version in _versions(if_none_match, _ANY_TAG)


def _versions(tags: str, tag: re.Pattern[str]) -> list[int]:
    """Return the versions in a list of entity tags; those that are not ours, commas in them included, are none."""
    matches = (tag.fullmatch(word.strip()) for word in tags.split(","))
    return [int(match[1]) for match in matches if match]
