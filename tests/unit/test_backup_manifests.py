"""What a manifest says, and what is wrong with one."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.backups.manifest import decode_manifest, encode_manifest
from domain.backups.content import Content, TableContent, differences
from domain.backups.errors import BackupError
from domain.backups.model import Backup, Manifest
from tests.clock import NOON

MANIFEST = Manifest(
    created_at=NOON,
    service_version="1.2.3",
    database="sqlite",
    revision="0001",
    size=3,
    sha256="ab" * 32,
    encrypted=False,
    tables={"todos": TableContent(rows=2, checksum="17"), "posts": TableContent(rows=0, checksum="0")},
)


def content(revision: str = "0001", **tables: tuple[int, str]) -> Content:
    """Return a content with these rows and checksums."""
    return Content(
        revision=revision,
        tables={name: TableContent(rows=rows, checksum=sum_) for name, (rows, sum_) in tables.items()},
    )


@pytest.mark.parametrize("verified_at", [None, NOON])
def test_a_manifest_is_read_as_it_was_written(verified_at: object) -> None:
    manifest = replace(MANIFEST, verified_at=verified_at)

    assert decode_manifest(encode_manifest(manifest), name="x") == manifest


def test_a_manifest_is_json_for_people() -> None:
    lines = encode_manifest(MANIFEST).decode().splitlines()

    assert lines[:3] == ["{", '  "format": 1,', '  "created_at": "2026-11-23T12:00:00Z",']


def test_what_a_later_version_adds_is_ignored_and_a_later_format_is_not() -> None:
    fields = json.loads(encode_manifest(MANIFEST))

    assert decode_manifest(json.dumps(fields | {"mood": "good"}).encode(), name="x") == MANIFEST
    with pytest.raises(BackupError, match=r"x\.json was written by a newer version"):
        decode_manifest(json.dumps({"format": 2, "everything": "else"}).encode(), name="x.json")


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"format": 1}',
        b'{"format": "1"}',
        encode_manifest(MANIFEST)[:-9],
        encode_manifest(MANIFEST).replace(b'"sqlite"', b"7"),
        encode_manifest(MANIFEST).replace(b'"rows": 2', b'"rows": null'),
        encode_manifest(MANIFEST).replace(b"12:00:00Z", b"12:00:00"),
        b"[" * 100_000,
    ],
)
def test_what_is_no_manifest_is_a_sentence(damaged: bytes) -> None:
    with pytest.raises(BackupError, match=r"x\.json is not the manifest of a backup"):
        decode_manifest(damaged, name="x.json")


def test_equal_contents_have_no_differences() -> None:
    assert differences(expected=content(todos=(1, "5")), found=content(todos=(1, "5"))) == []


def test_each_table_that_differs_is_named() -> None:
    expected = content(accounts=(1, "1"), posts=(1200, "2"), sessions=(3, "3"), todos=(4, "4"))
    found = content("0002", accounts=(1, "1"), posts=(1199, "2"), strange=(0, "0"), todos=(4, "5"))

    assert differences(expected=expected, found=found) == [
        "The table posts has 1,199 rows instead of 1,200.",
        "The table sessions is missing.",
        "There is a table strange, which the manifest does not know.",
        "The table todos has as many rows as it should, but not the same ones.",
        "The schema is at revision 0002 instead of 0001.",
    ]


def test_rows_are_counted_without_bookkeeping_and_empty_tables() -> None:
    tables = content(
        todos=(2, "1"), alembic_version=(1, "1"), sqlite_sequence=(5, "1"), posts=(0, "0"), accounts=(1, "1")
    )

    assert tables.rows == {"accounts": 1, "todos": 2}


def test_a_backup_goes_into_a_database_of_its_kind_that_this_program_knows_the_schema_of() -> None:
    backup = Backup(file=Path("x.backup"), manifest=MANIFEST)

    backup.require_restorable("sqlite", newest_revision="0001")
    backup.require_restorable("sqlite", newest_revision="0002")
    with pytest.raises(BackupError, match="is a backup of sqlite, and the settings name a database of postgresql"):
        backup.require_restorable("postgresql", newest_revision="0001")
    with pytest.raises(BackupError, match=r"has the schema 0001, this version knows 0000 .* Use version 1\.2\.3"):
        backup.require_restorable("sqlite", newest_revision="0000")
