"""The time of this machine."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return what this machine's clock says."""
    return datetime.now(UTC)
