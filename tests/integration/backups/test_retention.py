"""Which backups stay in a directory."""

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.backups.directory import backups_in, free_path, publish_backup, remove
from adapters.backups.files import replace_bytes, workspace, write_durably
from adapters.backups.manifest import decode_manifest, encode_manifest, manifest_path
from domain.backups.errors import BackupError
from domain.backups.model import Backup
from tests.integration.backups.scenario import Scenario, names_in


async def test_the_newest_are_kept_and_nothing_else_is_touched(scenario: Scenario, directory: Path) -> None:
    backups = scenario.backups()
    strangers = ["notes.txt", "todo-1.backup", "todo-20200101T000000Z.backup", "other.backup", "other.backup.json"]
    for name in strangers:
        (directory / name).write_text("{}", encoding="utf-8")
    made: list[Backup] = []
    for _ in range(4):
        made.append(await backups.make(directory))
        scenario.clock.advance(minutes=1)
    known_good = await backups.verify(made[0])

    removed = backups.retain(directory, keep=2, made=made[3])

    assert removed == [made[1]]
    kept = backups_in(directory, scenario.dumpable.kind)
    assert kept == [made[3], made[2], known_good]
    names = [path.name for backup in kept for path in (backup.file, manifest_path(backup.file))]
    assert names_in(directory) == sorted(strangers + names)


async def test_two_in_the_same_second_have_names_of_their_own(scenario: Scenario, directory: Path) -> None:
    names = [(await scenario.backups().make(directory)).file.name for _ in range(3)]

    assert names == [f"todo-20261123T120000Z{suffix}.backup" for suffix in ("", "-2", "-3")]
    assert len(backups_in(directory, scenario.dumpable.kind)) == 3


async def test_what_a_killed_backup_left_goes_and_what_is_in_use_stays(scenario: Scenario, directory: Path) -> None:
    backup = await scenario.backups().make(directory)

    with workspace(directory) as in_use:
        for tidied_by in (
            lambda: as_coroutine(scenario.backups().retain(directory, keep=1, made=backup)),
            lambda: scenario.backups().verify(backup),
            lambda: scenario.backups().restore(backup),
        ):
            left = directory / ".todo-backup-left"
            left.mkdir()
            (left / "plain").write_text("data", encoding="utf-8")
            await tidied_by()
            assert (left.exists(), in_use.exists()) == (False, True)


async def test_the_one_just_made_stays_though_the_clock_was_turned_back(scenario: Scenario, directory: Path) -> None:
    scenario.clock.advance(days=1000)
    await scenario.backups().make(directory)
    scenario.clock.advance(days=-1000)
    made = await scenario.backups().make(directory)

    assert made not in scenario.backups().retain(directory, keep=1, made=made)
    assert made.file.exists()


async def test_backups_of_another_kind_of_database_do_not_count(scenario: Scenario, directory: Path) -> None:
    made = [await scenario.backups().make(directory)]
    other: str = "postgresql" if scenario.dumpable.kind == "sqlite" else "sqlite"
    rewritten(made[0], database=other, verified_at=scenario.clock())
    with pytest.raises(BackupError, match="There is no backup of"):
        scenario.backups().find(directory)
    for _ in range(2):
        scenario.clock.advance(minutes=1)
        made.append(await scenario.backups().make(directory))

    assert scenario.backups().retain(directory, keep=1, made=made[2]) == [made[1]]
    assert made[0].file.exists()


async def test_a_manifest_whose_data_never_came_goes_when_nobody_is_at_work(
    scenario: Scenario, directory: Path
) -> None:
    killed, made = [await scenario.backups().make(directory) for _ in range(2)]
    killed.file.unlink()
    (directory / "todo-20200101T000000Z.backup.json").write_text("mine", encoding="utf-8")

    with workspace(directory):
        scenario.backups().retain(directory, keep=9, made=made)
        assert manifest_path(killed.file).exists()
    scenario.backups().retain(directory, keep=9, made=made)

    assert names_in(directory) == sorted(
        ["todo-20200101T000000Z.backup.json", made.file.name, f"{made.file.name}.json"]
    )


@pytest.mark.parametrize("step", [1, 2])
async def test_the_manifest_gets_its_name_first_and_loses_it_if_the_data_does_not_follow(
    scenario: Scenario, directory: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    links, link = list[Path](), os.link

    def interrupted(source: Path, target: Path) -> None:
        links.append(target)
        if len(links) == step:
            raise KeyboardInterrupt
        link(source, target)

    monkeypatch.setattr("os.link", interrupted)
    with pytest.raises(KeyboardInterrupt):
        await scenario.backups().make(directory)

    assert [path.suffix for path in links] == [".json", ".backup"][:step]
    assert names_in(directory) == []


async def test_a_verification_does_not_bring_back_what_was_removed_meanwhile(
    scenario: Scenario, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = await scenario.backups().make(directory)

    def late(path: Path, content: bytes) -> None:
        remove(backup)
        replace_bytes(path, content)

    monkeypatch.setattr("adapters.backups.service.replace_bytes", late)
    with pytest.raises(BackupError, match="was removed by somebody else"):
        await scenario.backups().verify(backup)

    assert names_in(directory) == []


async def test_two_that_want_the_same_name_get_two(
    scenario: Scenario, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backups, faster = scenario.backups(), list[Backup]()

    def overtaken(path: Path, content: bytes) -> None:
        write_durably(path, content)
        if not faster:
            file = free_path(directory, scenario.clock())
            faster.append(Backup(file=file, manifest=decode_manifest(content, name="its own")))
            publish_backup(path.with_name("stored"), path, file)

    monkeypatch.setattr("adapters.backups.service.write_durably", overtaken)
    slower = await backups.make(directory)

    assert (faster[0].file.name, slower.file.name) == (
        "todo-20261123T120000Z.backup",
        "todo-20261123T120000Z-2.backup",
    )
    assert backups_in(directory, scenario.dumpable.kind) == [*faster, slower]


async def test_a_link_to_nothing_is_something_that_is_not_replaced(scenario: Scenario, directory: Path) -> None:
    for name in ("mine", "other.json", "todo-20261123T120000Z.backup"):
        (directory / name).symlink_to("nothing")

    for name in ("mine", "other"):
        with pytest.raises(BackupError, match="exists, and a backup replaces nothing"):
            await scenario.backups().make(directory / name)
    assert (await scenario.backups().make(directory)).file.name == "todo-20261123T120000Z-2.backup"


async def as_coroutine(_: object) -> None:
    """Stand in for work that is awaited."""


def rewritten(backup: Backup, **changes: object) -> None:
    """Let the manifest of a backup say something else."""
    manifest_path(backup.file).write_bytes(encode_manifest(replace(backup.manifest, **changes)))
