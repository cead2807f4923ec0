"""Unit tests keep everything in memory."""

from collections.abc import Generator

import hypothesis
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from adapters.memory.store import MemoryStore

# The same examples in every run, and nothing kept between runs: a property fails because of a change, or not at all.
hypothesis.settings.register_profile(
    "unit",
    max_examples=100,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],  # how slow is the business of the machine
)
hypothesis.settings.load_profile("unit")


@pytest.fixture
def store() -> MemoryStore:
    """A clean store."""
    return MemoryStore()


@pytest.fixture
def sync_client(app: Litestar) -> Generator[TestClient[Litestar]]:
    """A client for tests that are not coroutines."""
    with TestClient(app) as client:
        yield client
