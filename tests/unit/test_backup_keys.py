"""Keys of backups, and what is encrypted with them."""

import io

import pyrage
import pytest

from adapters.backups.encryption import Keys
from adapters.backups.files import HashingWriter
from domain.backups.errors import BackupError

IDENTITY = pyrage.x25519.Identity.generate()
RECIPIENT = str(IDENTITY.to_public())


def encrypted(data: bytes, *recipients: str) -> bytes:
    """Return the data for these recipients."""
    target = io.BytesIO()
    Keys(recipients, None).encrypt(io.BytesIO(data), HashingWriter(target))
    return target.getvalue()


def decrypted(data: bytes, identity: str) -> bytes:
    """Return what the identity makes of it."""
    target = io.BytesIO()
    Keys((), identity).decrypt(io.BytesIO(data), HashingWriter(target))
    return target.getvalue()


@pytest.mark.parametrize("data", [b"", b"secret", b"\x00" * 200_000])
def test_every_recipient_can_read_what_was_encrypted(data: bytes) -> None:
    other = pyrage.x25519.Identity.generate()
    sealed = encrypted(data, RECIPIENT, str(other.to_public()))

    assert b"secret" not in sealed
    assert [decrypted(sealed, str(key)) for key in (IDENTITY, other)] == [data, data]


def test_an_identity_file_may_have_comments_and_several_keys() -> None:
    file = f"# created: today\r\n\r\n{pyrage.x25519.Identity.generate()}\r\n# mine\r\n  {IDENTITY}  \r\n"

    assert decrypted(encrypted(b"data", RECIPIENT), file) == b"data"


def test_who_has_no_key_cannot_decrypt() -> None:
    assert not Keys((RECIPIENT,), None).can_decrypt
    assert not Keys((), str(IDENTITY)).encrypt_new
    with pytest.raises(BackupError, match="It cannot be decrypted with BACKUP_IDENTITY"):
        decrypted(encrypted(b"data", RECIPIENT), str(pyrage.x25519.Identity.generate()))


@pytest.mark.parametrize("position", [0, 30, 100, 190, -1])
def test_no_changed_bit_is_overlooked(position: int) -> None:
    sealed = bytearray(encrypted(b"data" * 100, RECIPIENT))
    sealed[position] ^= 1

    with pytest.raises(BackupError, match="It cannot be decrypted"):
        decrypted(bytes(sealed), str(IDENTITY))


@pytest.mark.parametrize(
    ("recipients", "identity", "words"),
    [
        ((RECIPIENT, RECIPIENT[:-1]), None, "Number 2 of BACKUP_RECIPIENTS is not the public key"),
        ((str(IDENTITY),), None, "Number 1 of BACKUP_RECIPIENTS is a private key"),
        ((RECIPIENT, str(IDENTITY).lower()), None, "Number 2 of BACKUP_RECIPIENTS is a private key"),
        ((), f"# mine\n{IDENTITY}x", "Line 2 of BACKUP_IDENTITY is not an age identity"),
        ((), RECIPIENT, "Line 1 of BACKUP_IDENTITY is not an age identity"),
        ((), "# nothing", "BACKUP_IDENTITY has no key"),
    ],
    ids=["cut off", "private", "private and lower case", "too long", "public", "nothing"],
)
def test_malformed_keys_are_explained_and_not_shown(
    recipients: tuple[str, ...], identity: str | None, words: str
) -> None:
    with pytest.raises(BackupError, match=words) as refused:
        Keys(recipients, identity)

    assert str(IDENTITY).lower() not in str(refused.value).lower()
