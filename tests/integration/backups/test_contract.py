"""What holds for backups of every kind of database."""

import asyncio
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import DBAPIError

from adapters.backups.directory import backups_in
from adapters.backups.manifest import manifest_path, read_manifest
from adapters.sqlalchemy.database import Connection, Statement
from adapters.sqlalchemy.tables import AccountRow, PostRow, TodoRow
from domain.backups.model import Backup
from domain.backups.retention import newest_verified
from domain.errors import Unavailable
from tests.clock import NOON
from tests.integration.backups.scenario import IDENTITY, RECIPIENT, Scenario, account, add, fill, names_in, todo


async def test_a_round_trip_brings_back_every_value_of_every_column(scenario: Scenario, directory: Path) -> None:
    await fill(scenario)
    before = await scenario.rows()
    backup = await scenario.backups().make(directory)
    await scenario.insert(AccountRow, **account("late@example.com"))
    async with scenario.open() as database:
        await database.fetch_all(Statement(delete(TodoRow).returning(TodoRow.id)))

    await scenario.backups().restore(backup)

    assert await scenario.rows() == before
    assert all(before.values())


async def test_ids_are_not_given_out_again_after_a_restore(scenario: Scenario, directory: Path) -> None:
    owner = await scenario.insert(AccountRow, **account())
    removed = await scenario.insert(TodoRow, **todo(owner))
    async with scenario.open() as database:
        await database.fetch_all(Statement(delete(TodoRow).returning(TodoRow.id)))
    backup = await scenario.backups().make(directory)

    await scenario.backups().restore(backup)

    assert await scenario.insert(TodoRow, **todo(owner)) > removed


async def test_ids_given_out_since_the_backup_are_not_given_out_again(scenario: Scenario, directory: Path) -> None:
    owner = await scenario.insert(AccountRow, **account())
    backup = await scenario.backups().make(directory)  # in which no to-do has ever been
    late = await scenario.insert(AccountRow, **account("late@example.com"))
    todos = [await scenario.insert(TodoRow, **todo(late)) for _ in range(3)]

    await scenario.backups().restore(backup)

    assert await scenario.insert(AccountRow, **account("later@example.com")) > late
    assert await scenario.insert(TodoRow, **todo(owner)) > max(todos)


async def test_ids_given_out_before_a_backup_are_not_given_out_again_elsewhere(
    scenario: Scenario, empty: Scenario, directory: Path
) -> None:
    owner = await scenario.insert(AccountRow, **account())
    removed = [await scenario.insert(TodoRow, **todo(owner)) for _ in range(3)]
    async with scenario.open() as database:
        await database.fetch_all(Statement(delete(TodoRow).returning(TodoRow.id)))
    backup = await scenario.backups().make(directory)

    await empty.backups().restore(backup)

    assert await empty.insert(TodoRow, **todo(owner)) > max(removed)


async def test_no_id_is_given_out_twice_to_who_writes_during_a_restore(scenario: Scenario, directory: Path) -> None:
    owner = await scenario.insert(AccountRow, **account())
    await scenario.insert(TodoRow, **todo(owner))
    backup = await scenario.backups().make(directory)

    with writing_todos(scenario, owner) as given:
        for _ in range(3):
            await ten_more(given)
            await scenario.backups().restore(backup)
            await ten_more(given)

    assert len(set(given)) == len(given)


async def test_a_backup_under_concurrent_writers_is_one_consistent_state(scenario: Scenario, directory: Path) -> None:
    owner = await scenario.insert(AccountRow, **account())
    backups = scenario.backups()

    with writing_pairs(scenario, owner) as pairs:
        made: list[Backup] = []
        for _ in range(3):
            scenario.clock.advance(seconds=1)
            await three_more(pairs)
            made.append(await backups.make(directory))
    written = pairs()

    for backup in made:
        await backups.verify(backup)  # what was measured is what was dumped
        await backups.restore(backup)
        rows = await scenario.rows()
        contents = [row[2] for row in rows["posts"]]
        assert contents == [row[2] for row in rows["todos"]]
        assert 3 <= len(contents) < written
    counts = [backup.manifest.tables["todos"].rows for backup in made]
    assert counts == sorted(set(counts))


async def test_what_was_acknowledged_before_a_backup_is_in_it(scenario: Scenario, directory: Path) -> None:
    owner = await scenario.insert(AccountRow, **account())
    async with scenario.open() as database:  # as a running service has it open
        await scenario.insert(TodoRow, **todo(owner, "just now"))
        backup = await scenario.backups().make(directory)
        await scenario.insert(TodoRow, **todo(owner, "too late"))

        await scenario.backups().restore(backup)

        titles = await database.fetch_all(Statement(select(TodoRow.title)))
    assert [tuple(row) for row in titles] == [("just now",)]  # which a running service sees


async def test_a_backup_can_be_restored_where_there_is_nothing(
    scenario: Scenario, empty: Scenario, directory: Path
) -> None:
    await fill(scenario)
    before = await scenario.dumpable.content()
    backup = await scenario.backups().make(directory)
    assert (await empty.backups().present()).rows == {}

    await empty.backups().restore(backup)

    assert await empty.dumpable.content() == before


async def test_a_verified_backup_says_when_that_was(scenario: Scenario, directory: Path) -> None:
    await fill(scenario)
    before = await scenario.rows()
    backup = await scenario.backups().make(directory)
    assert newest_verified(backups_in(directory, scenario.dumpable.kind)) is None
    verified_at = scenario.clock.advance(hours=1)

    verified = await scenario.backups().verify(backup)

    assert verified.manifest.verified_at == verified_at
    assert backups_in(directory, scenario.dumpable.kind) == [verified]
    assert newest_verified(backups_in(directory, scenario.dumpable.kind)) == verified
    assert await scenario.rows() == before
    assert await scenario.remains(directory) == []


async def test_a_backup_is_for_nobody_else_and_leaves_nothing_unfinished(scenario: Scenario, directory: Path) -> None:
    backup = await scenario.backups(recipients=(RECIPIENT,), identity=IDENTITY).make(directory)
    await scenario.backups(identity=IDENTITY).verify(backup)

    assert backup.file.name == "todo-20261123T120000Z.backup"
    assert names_in(directory) == [backup.file.name, f"{backup.file.name}.json"]
    assert [path.stat().st_mode & 0o777 for path in (backup.file, manifest_path(backup.file))] == [0o600, 0o600]


async def test_the_manifest_says_what_the_backup_is(scenario: Scenario, directory: Path) -> None:
    owner = await scenario.insert(AccountRow, **account())
    await scenario.insert(TodoRow, **todo(owner))

    manifest = read_manifest((await scenario.backups().make(directory)).file)

    assert (manifest.format, manifest.created_at, manifest.service_version) == (1, NOON, "1.2.3")
    assert (manifest.database, manifest.encrypted, manifest.verified_at) == (scenario.dumpable.kind, False, None)
    assert manifest.revision == (await scenario.dumpable.content()).revision
    assert manifest.content.rows == {"accounts": 1, "todos": 1}


async def three_more(pairs: Callable[[], int]) -> None:
    """Return when three more pairs were written."""
    seen = pairs()
    while pairs() < seen + 3:  # noqa: ASYNC110 - in another thread, which has no event of this loop
        await asyncio.sleep(0.005)


async def ten_more(given: list[int]) -> None:
    """Return when ten more ids were given out."""
    seen = len(given)
    async with asyncio.timeout(30):
        while len(given) < seen + 10:  # noqa: ASYNC110 - in another thread, which has no event of this loop
            await asyncio.sleep(0.005)


@contextmanager
def writing_todos(scenario: Scenario, owner: int) -> Generator[list[int]]:
    """Write to-dos in another thread, as one who tries again when it fails; yield the ids that were given out."""
    stop, given = threading.Event(), list[int]()

    async def write() -> None:
        async with scenario.open() as database:
            while not stop.is_set():
                with suppress(DBAPIError, Unavailable):  # the table was replaced, or is locked for too long
                    given.append(await add(database, TodoRow, **todo(owner)))

    thread = threading.Thread(target=lambda: asyncio.run(write()))
    thread.start()
    try:
        yield given
    finally:
        stop.set()
        thread.join()


async def write_pair(connection: Connection, *, owner: int, name: str) -> None:
    post = insert(PostRow).values(author_id=owner, content=name, author_email="", created_time=NOON)
    await connection.fetch_one(Statement(post.returning(PostRow.id)))
    time.sleep(0.002)  # noqa: ASYNC251 - to be caught between the two; nobody else uses this loop or thread
    twin = insert(TodoRow).values(**todo(owner, name))
    await connection.fetch_one(Statement(twin.returning(TodoRow.id)))


@contextmanager
def writing_pairs(scenario: Scenario, owner: int) -> Generator[Callable[[], int]]:
    """Write in another thread, each time a post and a to-do in one transaction; yield how many pairs there are."""
    stop, written = threading.Event(), 0

    async def write() -> None:
        nonlocal written
        async with scenario.open() as database:
            while not stop.is_set():
                name = f"pair {written}"
                await database.transaction(partial(write_pair, owner=owner, name=name))
                written += 1

    thread = threading.Thread(target=lambda: asyncio.run(write()))
    thread.start()
    try:
        yield lambda: written
    finally:
        stop.set()
        thread.join()
