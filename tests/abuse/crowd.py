"""Many requests at once, for a time."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable

import httpx

from tests.abuse.people import Person

Ask = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


def besiege(person: Person, ask: Ask, *, at_once: int, seconds: float) -> Counter[str]:
    """Ask, so many at a time, one after the other, for so long; return how often which answer came."""
    return asyncio.run(_besiege(person, ask, at_once=at_once, seconds=seconds))


async def _besiege(person: Person, ask: Ask, *, at_once: int, seconds: float) -> Counter[str]:
    answers: Counter[str] = Counter()
    ends = time.monotonic() + seconds

    async def go_on(client: httpx.AsyncClient) -> None:
        while time.monotonic() < ends:
            try:
                answer = await ask(client)
            except httpx.TransportError as error:
                answers[type(error).__name__] += 1
            else:
                answers[str(answer.status_code)] += 1
                if answer.status_code == 429:  # it tries again as soon as it may
                    await asyncio.sleep(0.05)

    async with httpx.AsyncClient(**person.connection(), timeout=60) as client:
        await asyncio.gather(*(go_on(client) for _ in range(at_once)))
    return answers
