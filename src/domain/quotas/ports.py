"""What quotas need of a store."""

from typing import Protocol

from domain.quotas.model import Usage


class UsageRepository(Protocol):
    """What every account keeps."""

    async def measure(self, *, owner_id: int) -> Usage:
        """Return what the account keeps now; nothing if it is gone. The cost grows with the number of its rows."""
        ...

    async def lock(self, *, owner_id: int) -> None:
        """Keep others who lock it, too, out until the end of the transaction; then measure.

        :raises Unauthenticated: if the account is gone.
        """
        ...
