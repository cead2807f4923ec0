"""The manifest: a JSON file beside the data of a backup, without which the data is no backup.

It is not encrypted. It has no row in it, only counts and checksums, and it can be read by a server that has no key.
"""

from pathlib import Path

import msgspec
from msgspec import Struct

from domain.backups.errors import BackupError
from domain.backups.model import FORMAT, Manifest


class _Format(Struct):
    format: int


def manifest_path(file: Path) -> Path:
    """Return where the manifest of a data file is."""
    return file.with_name(f"{file.name}.json")


def read_manifest(file: Path) -> Manifest:
    """Return the manifest of a data file.

    :raises BackupError: if there is none that can be used.
    """
    path = manifest_path(file)
    try:
        return decode_manifest(path.read_bytes(), name=str(path))
    except FileNotFoundError:
        raise BackupError(
            f"{path} is missing: a backup is the file and its manifest. Without the manifest nobody can tell whether "
            "the file is whole; copy it from where the backup was made."
        ) from None


def decode_manifest(content: bytes, *, name: str) -> Manifest:
    """Return the manifest that the JSON makes; ``name`` is what messages call it.

    :raises BackupError: if it is none, or one of a later format.
    """
    try:
        if msgspec.json.decode(content, type=_Format).format > FORMAT:
            raise BackupError(f"{name} was written by a newer version of Todo API; use that version.")
        manifest = msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BackupError(f"{name} is not the manifest of a backup: {error}.") from None
    if manifest.created_at.tzinfo is None or (manifest.verified_at and manifest.verified_at.tzinfo is None):
        raise BackupError(f"{name} is not the manifest of a backup: a time has no offset.")
    return manifest


def encode_manifest(manifest: Manifest) -> bytes:
    """Return the manifest as JSON that people can read."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
