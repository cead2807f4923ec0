"""What is said to those who ask too often."""

from collections.abc import Sequence

from domain.errors import DomainError
from domain.rate_limits.model import RateLimitResult


class RateLimited(DomainError):
    """There were too many requests; ``refusals`` are the results that are against this one, at least one."""

    code = "rate_limited"

    def __init__(self, refusals: Sequence[RateLimitResult]) -> None:
        self.refusals = refusals
        self.retry_after = max(result.reset for result in refusals)
        super().__init__(f"Too many requests. The next one can be made in {self.retry_after} seconds.")
