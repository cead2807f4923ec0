"""Backups that only who has the key can read."""

from pathlib import Path

import pyrage
import pytest

from adapters.sqlalchemy.tables import AccountRow
from domain.backups.errors import BackupError
from tests.integration.backups.scenario import IDENTITY, RECIPIENT, Scenario, account, fill, forged


async def test_an_encrypted_backup_is_read_with_the_identity_only(scenario: Scenario, directory: Path) -> None:
    await fill(scenario)
    before = await scenario.rows()
    blind = scenario.backups(recipients=(RECIPIENT, str(pyrage.x25519.Identity.generate().to_public())))
    backup = await blind.make(directory)

    assert backup.manifest.encrypted
    assert backup.file.read_bytes().startswith(b"age-encryption.org/v1\n")
    with pytest.raises(BackupError, match="is encrypted: BACKUP_IDENTITY or BACKUP_IDENTITY_FILE is needed"):
        await blind.verify(backup)
    with pytest.raises(BackupError, match="is encrypted"):
        await blind.restore(backup)
    with pytest.raises(BackupError, match="cannot be decrypted with BACKUP_IDENTITY"):
        await scenario.backups(identity=str(pyrage.x25519.Identity.generate())).verify(backup)

    reader = scenario.backups(identity=f"# created: today\n# public key: {RECIPIENT}\n{IDENTITY}\n")
    await reader.verify(backup)
    await scenario.insert(AccountRow, **account("late@example.com"))
    await reader.restore(backup)
    assert await scenario.rows() == before
    assert await scenario.remains(directory) == []


async def test_one_whose_manifest_was_made_for_damaged_data_is_a_sentence(scenario: Scenario, directory: Path) -> None:
    backup = await scenario.backups(recipients=(RECIPIENT,)).make(directory)
    whole = backup.file.read_bytes()

    for damaged in (whole[:-20], whole[: len(whole) // 2], whole[:-1] + bytes([whole[-1] ^ 1]), b"x", b""):
        with pytest.raises(BackupError, match="cannot be decrypted"):
            await scenario.backups(identity=IDENTITY).verify(forged(backup, damaged))
