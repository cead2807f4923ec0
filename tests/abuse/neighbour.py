"""Somebody who does nothing unusual, and notes how they are served while somebody else does."""

import asyncio
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from statistics import median

import httpx
from anyio.from_thread import start_blocking_portal

from tests.abuse.people import Person

PAUSE = 0.05
"""Seconds after each request: some requests a second, from one person."""

TIMEOUT = 30
"""Seconds after which an answer is given up."""

SOON = 3
"""Seconds within which everybody has to be served, whatever somebody else does."""


class Neighbour:
    """Writes, reads, lists and searches, one request after the other."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self.latencies: list[float] = []
        """Seconds that each answer took which was a success."""
        self.failures: Counter[str] = Counter()
        """What else came, by kind."""
        self._is_over = False

    @property
    def typical(self) -> float:
        """Seconds of the median."""
        return median(self.latencies)

    @property
    def worst(self) -> float:
        """Seconds of the slowest."""
        return max(self.latencies)

    def until_answered(self, number: int) -> None:
        """Wait until so many requests have been answered, or one was not."""
        while len(self.latencies) < number and not self.failures:
            time.sleep(0.05)

    def stop(self) -> None:
        """Finish the request that is under way."""
        self._is_over = True

    async def run(self) -> None:
        """Ask until ``stop`` is called."""
        async with httpx.AsyncClient(**self._person.connection(), timeout=TIMEOUT) as http:
            while not self._is_over:
                todo = await self._ask(http, "POST", "/todos", json={"title": "Buy oat milk"})
                await self._ask(http, "GET", f"/todos/{todo['id']}" if todo else "/todos?limit=1")
                await self._ask(http, "GET", "/todos?limit=10&sort=-created_at")
                await self._ask(http, "GET", "/todos?q=oat&include=count")
                await self._ask(http, "GET", "/tags")

    async def _ask(
        self, http: httpx.AsyncClient, method: str, path: str, json: dict[str, str] | None = None
    ) -> dict[str, object] | None:
        await asyncio.sleep(PAUSE)
        started = time.monotonic()
        try:
            answer = await http.request(method, path, json=json)
        except httpx.TransportError as error:
            self.failures[type(error).__name__] += 1
            return None
        if not answer.is_success:
            self.failures[f"{answer.status_code} {answer.json()['code']}"] += 1
            return None
        self.latencies.append(time.monotonic() - started)
        return answer.json()


@contextmanager
def living_next_door(person: Person) -> Generator[Neighbour]:
    """Have a neighbour, in a thread of their own, until the block is left."""
    neighbour = Neighbour(person)
    with start_blocking_portal() as portal:
        running = portal.start_task_soon(neighbour.run)
        try:
            yield neighbour
        finally:
            neighbour.stop()
            running.result()
