"""Errors that nobody expected, told to Sentry without anything that belongs to a person.

What is sent is chosen, not what is left out: the types of the exceptions, where in the code they came from, and what
was being done. Messages of exceptions are not sent, for drivers and decoders put values into them. Neither is the
account: it does not help to find a mistake, a digest of a small number is soon undone, and the log has it under the
id of what was done.
"""

import time
from collections.abc import Callable
from typing import Any, cast

import sentry_sdk
from sentry_sdk.types import Event, Hint

from domain.errors import Unavailable
from entrypoints.observability.operations import Operation
from entrypoints.version import VERSION

_REPORT_INTERVAL = 60
"""Seconds after a report that something is unavailable in which further ones would say nothing new."""

_EVENT_KEYS = ("event_id", "timestamp", "platform", "level", "release", "environment")
_FRAME_KEYS = ("filename", "function", "module", "lineno", "in_app")
_OPERATION = "operation"
"""The part of an event that has the tags of the operation, and no others that somebody set."""


class ErrorTracking:
    """Reports operations that ended in an error of ours."""

    def __init__(
        self,
        dsn: str,
        *,
        environment: str,
        transport: Any = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        sentry_sdk.init(
            dsn,
            environment=environment,
            release=VERSION,
            transport=transport,
            before_send=_chosen,
            # Nothing is collected in the first place; nothing is patched, and nobody else's log records are sent.
            default_integrations=False,
            auto_enabling_integrations=False,
            auto_session_tracking=False,
            send_client_reports=False,
            include_local_variables=False,
            include_source_context=False,
            max_request_body_size="never",
            max_breadcrumbs=0,
            server_name="",
        )
        self._monotonic = monotonic
        self._quiet_until = -1.0

    def __call__(self, operation: Operation) -> None:
        """Report the error of an operation, if there was one; the SDK sends it from a thread of its own."""
        if operation.error is None or self._is_told_already(operation.error):
            return
        with sentry_sdk.new_scope() as scope:
            scope.set_context(_OPERATION, {**operation.tags, "version": VERSION})
            sentry_sdk.capture_exception(operation.error)

    def close(self) -> None:
        """Send what still waits, for two seconds at the most."""
        sentry_sdk.flush(timeout=2)
        sentry_sdk.get_client().close(timeout=0)

    def _is_told_already(self, error: Exception) -> bool:
        """Tell whether it is one of the many errors that a database makes while it is gone."""
        if not isinstance(error, Unavailable):
            return False
        now = self._monotonic()
        if now < self._quiet_until:
            return True
        self._quiet_until = now + _REPORT_INTERVAL
        return False


def _chosen(event: Event, _: Hint) -> Event | None:
    """Return what may leave this machine of an event."""
    given = cast("dict[str, Any]", event)
    chosen = {key: given[key] for key in _EVENT_KEYS if key in given}
    chosen["tags"] = given["contexts"][_OPERATION]
    chosen["exception"] = {"values": [_chosen_exception(value) for value in given["exception"]["values"]]}
    return cast("Event", chosen)


def _chosen_exception(exception: dict[str, Any]) -> dict[str, Any]:
    stack = cast("dict[str, Any]", exception.get("stacktrace") or {})
    frames: list[dict[str, Any]] = stack.get("frames", [])
    return {
        "type": exception["type"],
        "module": exception.get("module"),
        "stacktrace": {"frames": [{key: frame[key] for key in _FRAME_KEYS if key in frame} for frame in frames]},
    }
