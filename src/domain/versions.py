"""Changes of what others may change at the same time: each is of one version, and makes the next."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

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


def require_version(current: Versioned, versions: frozenset[int] | None, *, name: str) -> None:
    """Do nothing if ``current`` is of one of these versions, or none were given; ``name`` says what it is.

    :raises StaleVersion: otherwise.
    """
    if versions is None or current.version in versions:
        return
    wanted = " or ".join(str(version) for version in sorted(versions)[:_MOST_NAMED]) or "none that there ever was"
    raise StaleVersion(
        f"The {name} is at version {current.version} now; what was to be changed is {wanted}.", current=current.version
    )


async def apply_change(
    change: Callable[[SomeVersioned], SomeVersioned],
    *,
    get: Callable[[], Awaitable[SomeVersioned]],
    save: Callable[[SomeVersioned, SomeVersioned], Awaitable[None]],
    versions: frozenset[int] | None,
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
