"""Encryption of backups with age (https://age-encryption.org/v1), to X25519 recipients.

Who makes backups needs the public keys only; who restores or verifies them needs one of the identities. Data is
streamed: memory does not grow with the size of a backup.
"""

from collections.abc import Iterable
from typing import BinaryIO

import pyrage

from adapters.backups.files import HashingWriter
from domain.backups.errors import BackupError

_PRIVATE = "AGE-SECRET-KEY-"


class Keys:
    """The recipients that new backups are encrypted to, and the identities that can read them; either may be missing.

    ``recipients`` are public keys (age1...); ``identity`` is the content of an age identity file, which may have
    comments and several keys.

    :raises BackupError: at once, if one of them is malformed. Keys are never shown: one may be in the wrong place.
    """

    def __init__(self, recipients: Iterable[str], identity: str | None) -> None:
        self._recipients = [_recipient(number, text) for number, text in enumerate(recipients, start=1)]
        self._identities = [_identity(number, text) for number, text in _keys_of(identity or "")]
        if identity and not self._identities:
            raise BackupError("BACKUP_IDENTITY has no key: one is AGE-SECRET-KEY-1..., as `age-keygen` prints it.")

    @property
    def encrypt_new(self) -> bool:
        """Whether new backups are encrypted."""
        return bool(self._recipients)

    @property
    def can_decrypt(self) -> bool:
        """Whether there is an identity to read encrypted backups with."""
        return bool(self._identities)

    def encrypt(self, source: BinaryIO, target: HashingWriter) -> None:
        """Encrypt everything that is left to read to all recipients."""
        pyrage.encrypt_io(source, target, self._recipients)

    def decrypt(self, source: BinaryIO, target: HashingWriter) -> None:
        """Decrypt everything that is left to read.

        :raises BackupError: if it was encrypted to somebody else, or is damaged.
        """
        try:
            pyrage.decrypt_io(source, target, self._identities)
        except pyrage.DecryptError as error:
            raise BackupError(f"It cannot be decrypted with BACKUP_IDENTITY: {error}.") from None
        except OSError as error:
            if error.errno is not None:  # the disk's, not age's
                raise
            raise BackupError("It cannot be decrypted: it is damaged or cut off.") from None


def _recipient(number: int, text: str) -> pyrage.x25519.Recipient:
    if text.upper().startswith(_PRIVATE):
        raise BackupError(
            f"Number {number} of BACKUP_RECIPIENTS is a private key, with which every backup can be read, and which "
            "does not belong here. Name its public key instead (age1..., `age-keygen -y FILE` prints it); if others "
            "may have seen it, make a new one."
        )
    try:
        return pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError as error:
        raise BackupError(
            f"Number {number} of BACKUP_RECIPIENTS is not the public key of an age identity (age1...): {error}."
        ) from None


def _identity(number: int, text: str) -> pyrage.x25519.Identity:
    try:
        return pyrage.x25519.Identity.from_str(text)
    except pyrage.IdentityError as error:
        raise BackupError(
            f"Line {number} of BACKUP_IDENTITY is not an age identity (AGE-SECRET-KEY-1...): {error}."
        ) from None


def _keys_of(identity_file: str) -> Iterable[tuple[int, str]]:
    """Return the lines that are neither empty nor comments, with their numbers."""
    lines = ((number, line.strip()) for number, line in enumerate(identity_file.splitlines(), start=1))
    return [(number, line) for number, line in lines if line and not line.startswith("#")]
