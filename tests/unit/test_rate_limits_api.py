"""The limits of the API, counted in memory."""

import pytest

from adapters.rate_limits.memory import MemoryRateLimiter
from domain.rate_limits.ports import RateLimiter
from tests.contract.api_rate_limits import RateLimitsApi


@pytest.fixture
def limiter() -> RateLimiter:
    return MemoryRateLimiter()


class TestRateLimitsApi(RateLimitsApi):
    pass
