"""What PostgreSQL's tools say of themselves."""

import pytest

from adapters.backups.postgresql_tools import major_version


@pytest.mark.parametrize(
    ("says", "version"),
    [
        ("pg_dump (PostgreSQL) 18.4\n", 18),
        ("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", 15),
        ("pg_restore (PostgreSQL) 19beta1", 19),
        ("pg_dump (PostgreSQL) 9.6.24", 9),
        ("pg_dump (EnterpriseDB) 18.4", None),
        ("", None),
    ],
)
def test_the_major_version_is_understood(says: str, version: int | None) -> None:
    assert major_version(says) == version
