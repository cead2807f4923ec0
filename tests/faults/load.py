"""Clients that write and read while something breaks, and that remember every answer.

They never send a write twice: what was not acknowledged stays in doubt.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import httpx
import msgspec
from anyio.from_thread import start_blocking_portal

from tests.faults.ledger import Ledger, Promise, StoredTodo

CLIENTS = 16
PAUSE = 0.03
"""Seconds that each client waits after a request: together they make some hundred requests a second."""

TIMEOUT = 60
"""Seconds after which what should have happened has not."""

_CHANGES_OF_EACH = 3

finished: "list[Load]" = []
"""Every load of the run, for the table at its end."""

BROKEN_CONNECTION = "broken connection"
UNANSWERED = "no answer in time"


class Load:
    """A load that is running, or has ended."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.ledger = Ledger()
        self.failures: Counter[str] = Counter()
        """How many requests were not served, by kind: a status, what a 503 lacks, or one of the two above."""
        self.served = 0
        self.slowest = 0.0
        """Seconds that the slowest answer of all took, whatever it said."""
        self.outage = 0.0
        """Seconds from the first request that failed to the last one."""
        self._url = url
        self._headers = headers
        self._first_failure: float | None = None
        self._numbers: Iterator[int] = count(1)
        self._is_over = False

    def until_served(self, more: int) -> float:
        """Wait until so many more requests have been served, and return how many seconds that took."""
        return self._until(lambda: self.served, more)

    def until_failed(self, more: int) -> float:
        """Wait until so many more requests have failed, and return how many seconds that took."""
        return self._until(self.failures.total, more)

    def stop(self) -> None:
        """Let every client finish the request it is in."""
        self._is_over = True

    async def run(self, clients: int) -> None:
        """Keep every client busy until ``stop`` is called."""
        async with httpx.AsyncClient(base_url=self._url, headers=self._headers, timeout=TIMEOUT) as http:
            await asyncio.gather(*(self._be_a_client(http) for _ in range(clients)))

    async def _be_a_client(self, http: httpx.AsyncClient) -> None:
        while not self._is_over:
            title = f"number {next(self._numbers)}"
            answer = await self._ask(http, "POST", "/todos", {"title": title})
            if _may_have_been_done(answer):
                self.ledger.creation_in_doubt(title)
            elif answer is not None and answer.is_success:
                await self._work_on(http, self.ledger.created(_todo_in(answer)))

    async def _work_on(self, http: httpx.AsyncClient, promise: Promise) -> None:
        path = f"/todos/{promise.todo_id}"
        for change in range(1, _CHANGES_OF_EACH + 1):
            if self._is_over:
                return
            answer = await self._ask(http, "PATCH", path, {"description": str(change)})
            if _may_have_been_done(answer):
                self.ledger.change_in_doubt(promise)
            elif answer is not None and answer.is_success:
                self.ledger.changed(promise, _todo_in(answer), change=change)
            answer = await self._ask(http, "GET", path)
            if answer is not None and answer.status_code in {200, 404}:
                self.ledger.seen(promise, _todo_in(answer) if answer.is_success else None)

    async def _ask(
        self, http: httpx.AsyncClient, method: str, path: str, body: dict[str, Any] | None = None
    ) -> httpx.Response | None:
        """Return the answer; nothing if the connection broke before there was one."""
        await asyncio.sleep(PAUSE)
        started = time.monotonic()
        try:
            answer = await http.request(method, path, json=body)
        except httpx.TransportError as error:
            self._fail(UNANSWERED if isinstance(error, httpx.TimeoutException) else BROKEN_CONNECTION)
            return None
        self.slowest = max(self.slowest, time.monotonic() - started)
        if answer.is_success:
            self.served += 1
        elif answer.status_code == 503 and "retry-after" not in answer.headers:
            self._fail("503 without Retry-After")
        else:
            self._fail(str(answer.status_code))
        return answer

    def _fail(self, kind: str) -> None:
        self.failures[kind] += 1
        self._first_failure = self._first_failure or time.monotonic()
        self.outage = time.monotonic() - self._first_failure

    def _until(self, number: Callable[[], int], more: int) -> float:
        started, wanted = time.monotonic(), number() + more
        while number() < wanted:
            waited = time.monotonic() - started
            assert waited < TIMEOUT, f"{number()} instead of {wanted}; served {self.served}, failed {self.failures}"
            time.sleep(0.01)
        return time.monotonic() - started


@contextmanager
def load_on(url: str, headers: dict[str, str], *, clients: int = CLIENTS) -> Generator[Load]:
    """Put load on a service, from a thread of its own, until the block is left."""
    load = Load(url, headers)
    with start_blocking_portal() as portal:
        running = portal.start_task_soon(load.run, clients)
        try:
            yield load
        finally:
            load.stop()
            running.result()
            finished.append(load)


def _may_have_been_done(answer: httpx.Response | None) -> bool:
    """Tell whether a write is in doubt: its answer was lost, or the service could not tell either."""
    return answer is None or answer.status_code >= 500


def _todo_in(answer: httpx.Response) -> StoredTodo:
    return msgspec.json.decode(answer.content, type=StoredTodo)
