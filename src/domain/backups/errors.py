"""What can go wrong with backups."""

from domain.errors import DomainError


class BackupError(DomainError):
    """A backup cannot be made, verified or restored, for a reason that an operator can do something about."""

    code = "backup"
