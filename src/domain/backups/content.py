"""What is in a database, measured so that two databases can be compared."""

from collections.abc import Iterable

from msgspec import Struct

_BOOKKEEPING = frozenset({"alembic_version", "sqlite_sequence"})
"""Tables that are compared as all others are, and hold nothing of anybody."""


class TableContent(Struct, frozen=True, kw_only=True):
    """How many rows a table has, and a checksum of them that does not depend on their order."""

    rows: int
    checksum: str


class Content(Struct, frozen=True, kw_only=True):
    """The revision of the schema, if there is one, and what is in each table; all from one snapshot."""

    revision: str | None
    tables: dict[str, TableContent]

    @property
    def rows(self) -> dict[str, int]:
        """How many rows each table has; tables without rows, and those for bookkeeping, are left out."""
        return {
            name: table.rows for name, table in sorted(self.tables.items()) if table.rows and name not in _BOOKKEEPING
        }


def differences(*, expected: Content, found: Content) -> list[str]:
    """Return a sentence for each table in which the two are not the same."""
    sentences = list(_differences_of_tables(expected.tables, found.tables))
    if expected.revision != found.revision:
        sentences.append(f"The schema is at revision {found.revision} instead of {expected.revision}.")
    return sentences


def _differences_of_tables(expected: dict[str, TableContent], found: dict[str, TableContent]) -> Iterable[str]:
    for name in sorted(expected | found):
        if name not in found:
            yield f"The table {name} is missing."
        elif name not in expected:
            yield f"There is a table {name}, which the manifest does not know."
        elif found[name].rows != expected[name].rows:
            yield f"The table {name} has {found[name].rows:,} rows instead of {expected[name].rows:,}."
        elif found[name].checksum != expected[name].checksum:
            yield f"The table {name} has as many rows as it should, but not the same ones."
