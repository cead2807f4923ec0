"""What sessions need of a store."""

from datetime import datetime
from typing import Protocol

from domain.sessions.model import Family, NewSession, Session


class SessionRepository(Protocol):
    """The sessions of every account."""

    async def add(self, new: NewSession, *, owner_id: int, password_hash: str | None = None) -> Session:
        """Store a new session, if ``password_hash`` is given only while it is the account's, in one step.

        A change of the password ends all sessions; one that was started with the old password must not slip in
        behind it.

        :raises Unauthenticated: if the owner's account is gone, or its password another one.
        """
        ...

    async def family(self, family_digest: str) -> Family | None:
        """Return the family with that digest, if there is one. The digest of a secret proves the ownership."""
        ...

    async def rotate(
        self, session_id: int, *, owner_id: int, digest: str, replacing: str, at: datetime, expires_at: datetime
    ) -> bool:
        """Make ``digest`` the current one if ``replacing`` still is, in one step, and tell whether it was."""
        ...

    async def is_live(self, session_id: int, *, owner_id: int, started_at: datetime, at: datetime) -> bool:
        """Tell whether the session with that id and that beginning is neither removed nor expired."""
        ...

    async def list_all(self, *, owner_id: int, at: datetime) -> list[Session]:
        """Return the sessions that have not expired, the most recently used first."""
        ...

    async def remove(self, session_id: int, *, owner_id: int) -> None:
        """End one session.

        :raises NotFound: if there is none, or it is somebody else's.
        """
        ...

    async def remove_all(self, *, owner_id: int, except_id: int | None = None) -> int:
        """End every session of the owner, except the one with the id ``except_id``; return how many that were."""
        ...

    async def remove_of_everybody(self, *, limit: int) -> int:
        """End sessions whoever they belong to, ``limit`` at the most, and return how many: an operator's business."""
        ...

    async def trim(self, *, owner_id: int, at: datetime, limit: int, newest: int) -> bool:
        """Remove the sessions of the owner that have expired, and of the others all but the ``limit`` last used.

        The one with the id ``newest`` counts as the last used, whatever the clocks of others say.
        Whoever adds a session trims after it: of any number that do so at once the last one sees what all have added,
        so that no more than ``limit`` remain.

        :returns: whether any was removed.
        """
        ...
