"""What a check has to say."""

from enum import StrEnum

from msgspec import Struct


class Level(StrEnum):
    """How bad it is. Only an error keeps a deployment from being ready."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class Finding(Struct, frozen=True, kw_only=True):
    """One line of the checklist: what was looked at, what was found, and how to mend it (empty if there is no need)."""

    item: str
    level: Level
    why: str
    remedy: str = ""


def ok(item: str, why: str) -> Finding:
    """Return that nothing is to be done."""
    return Finding(item=item, level=Level.OK, why=why)


def warning(item: str, why: str, remedy: str) -> Finding:
    """Return what an operator should know of, and may decide to live with."""
    return Finding(item=item, level=Level.WARNING, why=why, remedy=remedy)


def error(item: str, why: str, remedy: str) -> Finding:
    """Return what must be mended first."""
    return Finding(item=item, level=Level.ERROR, why=why, remedy=remedy)
