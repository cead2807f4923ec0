"""Changes of what others may change at the same time: each is of one version, and makes the next."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from msgspec import Struct

from domain.errors import Conflict, StaleVersion

_MAX_ATTEMPTS = 100
"""How often a change is tried again after another writer was faster."""

_MOST_NAMED = 5
"""Versions that an error names; a client may have asked for any number."""


class Versioned(Protocol):
    """Something whose version grows with each change."""

    @property
    def version(self) -> int:
        """The number of the version."""
        ...


SomeVersioned = TypeVar("SomeVersioned", bound=Versioned)


class Versions(Struct, frozen=True, kw_only=True):
    """The versions that a caller wants to change: those of ``only``, and of them none of ``but``.

    ``None`` is every version: without conditions nothing would be in ``but`` and everything in ``only``.
    """

    only: frozenset[int] | None = None
    but: frozenset[int] | None = frozenset()

    def __contains__(self, version: int) -> bool:
        """Tell whether a version is one of them."""
        is_wanted = self.only is None or version in self.only
        return is_wanted and self.but is not None and version not in self.but

    def __str__(self) -> str:
        if self.but is None:
            return "none that is there"
        wanted = "any" if self.only is None else _named(self.only) or "none that there ever was"
        return f"{wanted} but {_named(self.but)}" if self.but else wanted


def _named(versions: frozenset[int]) -> str:
    return " or ".join(str(version) for version in sorted(versions)[:_MOST_NAMED])


def require_version(current: Versioned, versions: Versions | None, *, name: str) -> None:
    """Do nothing if ``current`` is of one of these versions, or none were given; ``name`` says what it is.

    :raises StaleVersion: otherwise.
    """
    if versions is None or current.version in versions:
        return
    raise StaleVersion(
        f"The {name} is at version {current.version} now; what was to be changed is {versions}.",
        current=current.version,
    )


async def apply_change(
    change: Callable[[SomeVersioned], SomeVersioned],
    *,
    get: Callable[[], Awaitable[SomeVersioned]],
    save: Callable[[SomeVersioned, SomeVersioned], Awaitable[None]],
    versions: Versions | None,
    name: str,
) -> SomeVersioned:
    """Change what ``get`` returns, again if another writer got there first, so that neither change is lost.

    ``save`` takes what was changed, and what it replaces; it is not called if nothing was changed. ``versions`` are
    the only ones that are to be changed.

    :raises StaleVersion: if the current version is none of ``versions``.
    :raises Conflict: if other writers were faster a hundred times in a row.
    """
    for _ in range(_MAX_ATTEMPTS):
        current = await get()
        require_version(current, versions, name=name)
        changed = change(current)
        if changed is current:
            return current
        try:
            await save(changed, current)
        except StaleVersion:
            continue
        return changed
    raise Conflict(f"The {name} is being changed by others all the time; try again.")
