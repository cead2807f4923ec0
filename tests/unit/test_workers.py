"""What runs beside the requests."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from adapters.memory.store import MemoryStore
from entrypoints.services import Services
from entrypoints.settings import Settings
from entrypoints.workers import Worker, running
from tests.clock import NOON
from tests.harness import services_on


def noting(name: str, notes: list[str]) -> Worker:
    """Return a worker that notes when it begins and ends."""

    @asynccontextmanager
    async def worker(settings: Settings, services: Services) -> AsyncGenerator[None]:
        del settings, services
        notes.append(f"{name} begins")
        try:
            yield
        finally:
            notes.append(f"{name} ends")

    return worker


async def test_workers_work_for_as_long_as_requests_are_served() -> None:
    notes: list[str] = []

    async with running([noting("one", notes), noting("two", notes)], Settings(), services()):
        notes.append("requests")

    assert notes == ["one begins", "two begins", "requests", "two ends", "one ends"]


async def test_workers_end_if_serving_fails() -> None:
    notes: list[str] = []

    with pytest.raises(OSError, match="port"):
        async with running([noting("one", notes)], Settings(), services()):
            raise OSError("port")

    assert notes == ["one begins", "one ends"]


def services() -> Services:
    return services_on(MemoryStore(), now=lambda: NOON)
