"""The limits of the API, counted in memory."""

import pytest

from adapters.rate_limits.memory import MemoryRateLimiter
from domain.rate_limits.ports import RateLimiter
from tests.contract import api_rate_limits


@pytest.fixture
def limiter() -> RateLimiter:
    return MemoryRateLimiter()


class TestRateLimitsApi(api_rate_limits.RateLimitsApi):
    pass
