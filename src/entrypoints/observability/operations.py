"""What was done: requests, jobs, whatever else a process works on. Nothing here knows what kinds there are."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

_log = logging.getLogger(__name__)


class Operation(Struct, frozen=True, kw_only=True, gc=False):
    """Something that is over, however it ended.

    ``kind`` is what it is one of (``job``, say), ``name`` which of them, and ``outcome`` what became of it; all three
    have few values, whatever anybody sends. ``id`` finds its lines in the log. ``duration`` is in seconds. ``error`` is
    what nobody expected, or what made the service unavailable; a mistake of who asked is none.
    """

    id: str
    kind: str
    name: str
    outcome: str
    duration: float
    error: Exception | None = None

    @property
    def labels(self) -> Sequence[str]:
        """Under which metrics count it: as many as the metrics of its kind have."""
        return self.name, self.outcome

    @property
    def duration_labels(self) -> Sequence[str]:
        """Under which metrics add up its duration: with fewer values, because each costs a whole histogram."""
        return self.labels

    @property
    def tags(self) -> Mapping[str, str]:
        """By which a report of its error can be found."""
        return {"kind": self.kind, "name": self.name, "outcome": self.outcome, "id": self.id}


def tell(observers: Sequence[Callable[[Any], None]], operation: Operation) -> None:
    """Tell each observer of an operation; one that fails harms neither the operation nor the others."""
    for observer in observers:
        try:
            observer(operation)
        except Exception:  # noqa: BLE001 - whatever it is, it is no reason for the operation to fail
            _log.exception("What was done could not be observed")
