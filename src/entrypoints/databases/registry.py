"""Which kinds of database there are, by the scheme of their URL."""

from entrypoints.databases.kind import ConfiguredDatabase
from entrypoints.databases.postgresql import ConfiguredPostgresql
from entrypoints.databases.sqlite import ConfiguredSqlite
from entrypoints.settings import Settings

KINDS: dict[str, type[ConfiguredDatabase]] = {"sqlite": ConfiguredSqlite, "postgresql": ConfiguredPostgresql}


def database_of(settings: Settings) -> ConfiguredDatabase:
    """Return the database that the settings name."""
    scheme, _, _ = settings.database.partition(":")
    return KINDS[scheme](settings.database)
