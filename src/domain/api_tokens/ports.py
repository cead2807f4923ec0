"""What API tokens need of a store."""

from datetime import datetime
from typing import Protocol

from domain.api_tokens.model import ApiToken


class ApiTokenRepository(Protocol):
    """The API tokens of every account."""

    async def add(self, token: ApiToken, *, owner_id: int, digest: str) -> ApiToken:
        """Store a new token and return it with its id.

        :raises Unauthenticated: if the owner's account is gone.
        """
        ...

    async def count(self, *, owner_id: int) -> int:
        """Return how many tokens the owner has, expired ones too; in a transaction nobody adds one before its end.

        :raises Unauthenticated: if the owner's account is gone.
        """
        ...

    async def by_digest(self, digest: str) -> tuple[int, ApiToken] | None:
        """Return the owner's id and the token, expired or not. The digest of a secret proves the ownership."""
        ...

    async def touch(self, token_id: int, *, owner_id: int, at: datetime) -> None:
        """Note when the token was last used; one that was revoked meanwhile is no error."""
        ...

    async def list_all(self, *, owner_id: int) -> list[ApiToken]:
        """Return the tokens of the owner, the newest first."""
        ...

    async def remove(self, token_id: int, *, owner_id: int) -> None:
        """Revoke one token.

        :raises NotFound: if there is none, or it is somebody else's.
        """
        ...

    async def remove_all(self, *, owner_id: int) -> int:
        """Revoke every token of the owner, and return how many that were."""
        ...

    async def remove_of_everybody(self, *, limit: int) -> int:
        """Revoke tokens whoever they belong to, ``limit`` at the most, and return how many: an operator's business."""
        ...
