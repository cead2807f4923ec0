"""Unit tests keep everything in memory."""

from collections.abc import Generator

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from adapters.memory.store import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    """A clean store."""
    return MemoryStore()


@pytest.fixture
def sync_client(app: Litestar) -> Generator[TestClient[Litestar]]:
    """A client for tests that are not coroutines."""
    with TestClient(app) as client:
        yield client
