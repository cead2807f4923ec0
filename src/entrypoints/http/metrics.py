"""What Prometheus is told of requests, of the connections they come by, and of what waits in between."""

from typing import get_args

from entrypoints.http.middleware.observation import ObservedRequest
from entrypoints.observability.metrics import Metrics
from entrypoints.services import CloseReason, Services

_LOGIN = "/auth/login"
_REFUSED = 401


class HttpMetrics:
    """The metrics of a process that serves HTTP, beside those of every process."""

    def __init__(self, metrics: Metrics) -> None:
        self._requests = metrics.operations(
            "http_request",
            "Requests that are over.",
            ("method", "route", "status"),
            duration="Time from a request's arrival to the end of its answer.",
            under_way="Requests that are being answered.",
        )
        self.in_flight = self._requests.in_flight
        self._rate_limited = metrics.counter(
            "rate_limited", "Requests refused because a quota was used up.", ("quota",)
        )
        self._logins_failed = metrics.counter("logins_failed", "Sign-ins with wrong credentials.")
        self._requests_at_work = metrics.sum("requests_at_work", "Requests that have their turn.")
        self._requests_waiting = metrics.sum("requests_waiting", "Requests that wait for others of the same client.")
        self._body_bytes = metrics.sum(
            "request_body_bytes", "Bytes of bodies that arrive, without the first few of each."
        )
        self._connections = metrics.sum("client_connections", "Connections of clients that are open.")
        self._unread = metrics.sum("unread_answer_bytes", "Bytes of large answers that are still to be read.")
        self._closed = metrics.counter(
            "client_connections_closed", "Connections of clients that were closed on them.", ("reason",)
        )
        self._closed_told: dict[CloseReason, int] = dict.fromkeys(get_args(CloseReason), 0)
        for reason in self._closed_told:
            self._closed.labels(reason)  # at 0, so that the first one can be seen as an increase

    def __call__(self, request: ObservedRequest) -> None:
        """Count a request that is over."""
        self._requests(request)
        if request.rate_limited_by is not None:
            self._rate_limited.labels(request.rate_limited_by).inc()
        if request.status == _REFUSED and request.name == _LOGIN:
            self._logins_failed.inc()

    def sample(self, services: Services) -> None:
        """Look at what is there now."""
        self._requests_at_work.set(services.requests.running)
        self._requests_waiting.set(services.requests.waiting)
        self._body_bytes.set(services.bodies.used)
        self._connections.set(services.connections.open)
        self._unread.set(services.unread_answers.total)
        for reason, closed in services.connections.closed.items():
            self._closed.labels(reason).inc(closed - self._closed_told[reason])
            self._closed_told[reason] = closed
