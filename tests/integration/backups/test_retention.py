"""Which backups stay in a directory."""

from pathlib import Path

from adapters.backups.directory import Backup, backups_in
from adapters.backups.files import workspace
from adapters.backups.manifest import manifest_path
from tests.integration.backups.stage import Stage, names_in


async def test_the_newest_are_kept_and_nothing_else_is_touched(stage: Stage, directory: Path) -> None:
    backups = stage.backups()
    strangers = ["notes.txt", "todo-1.backup", "todo-20200101T000000Z.backup", "other.backup", "other.backup.json"]
    for name in strangers:
        (directory / name).write_text("{}", encoding="utf-8")
    made: list[Backup] = []
    for _ in range(4):
        made.append(await backups.make(directory))
        stage.clock.advance(minutes=1)
    known_good = await backups.verify(made[0])

    removed = backups.retain(directory, keep=2)

    assert removed == [made[1]]
    assert backups_in(directory) == [made[3], made[2], known_good]
    kept = [path.name for backup in backups_in(directory) for path in (backup.file, manifest_path(backup.file))]
    assert names_in(directory) == sorted(strangers + kept)


async def test_two_in_the_same_second_have_names_of_their_own(stage: Stage, directory: Path) -> None:
    names = [(await stage.backups().make(directory)).file.name for _ in range(3)]

    assert names == [f"todo-20261123T120000Z{suffix}.backup" for suffix in ("", "-2", "-3")]
    assert len(backups_in(directory)) == 3


async def test_what_a_killed_backup_left_goes_and_what_is_in_use_stays(stage: Stage, directory: Path) -> None:
    left = directory / ".todo-backup-left"
    left.mkdir()
    (left / "plain").write_text("data", encoding="utf-8")

    with workspace(directory) as in_use:
        stage.backups().retain(directory, keep=1)
        assert (left.exists(), in_use.exists()) == (False, True)
