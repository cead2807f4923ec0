"""The secret that signs access tokens."""

import os
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from tempfile import mkstemp

from entrypoints.environment import MIN_JWT_SECRET_BYTES, Secret, SettingsError
from entrypoints.settings import Settings

_FILE = "jwt-secret"


def jwt_secret(settings: Settings) -> Secret:
    """Return the secret that the settings give, or the one kept beside the embedded database.

    The first process makes it, readable by its user only; outside production nobody has to think of one.

    :raises SettingsError: if the file has been damaged.
    """
    if settings.jwt_secret is not None:
        return settings.jwt_secret
    path = settings.data_dir / _FILE
    if not path.exists():
        _write_new(path, token_hex(MIN_JWT_SECRET_BYTES))
    secret = path.read_text(encoding="utf-8").strip()
    if len(secret.encode()) < MIN_JWT_SECRET_BYTES:
        raise SettingsError([f"{path} is too short: it must have at least {MIN_JWT_SECRET_BYTES} bytes. Remove it."])
    return Secret(secret)


def _write_new(path: Path, text: str) -> None:
    """Write a private file in one step; if another process is faster, its file stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, draft = mkstemp(prefix=f"{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()
