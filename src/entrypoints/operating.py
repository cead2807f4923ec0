"""The composition root of operators' commands: settings in, what a command works with out. Loads no web framework."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from datetime import datetime

from adapters.backups.directory import backups_in
from adapters.backups.encryption import Keys
from adapters.backups.progress import Progress
from adapters.backups.service import Backups
from adapters.security.common_passwords import common_passwords
from adapters.sqlalchemy.database import NOT_MIGRATED
from adapters.sqlalchemy.revisions import newest_revision
from adapters.sqlalchemy.store import SqlAlchemyStore
from domain.accounts.service import AccountService
from domain.authentication.principal_cache import PrincipalCache
from domain.authentication.revocation import RevocationService
from domain.backups.model import Backup
from domain.backups.retention import newest_verified
from domain.errors import Unavailable
from entrypoints.clock import utc_now
from entrypoints.databases.problems import problems_of
from entrypoints.databases.registry import database_of
from entrypoints.hashing import argon2_passwords
from entrypoints.settings import Settings
from entrypoints.version import VERSION

__all__ = [
    "Backup",
    "Backups",
    "backups_of",
    "database_problems",
    "newest_verified_backup",
    "open_accounts",
    "open_revocation",
]


async def database_problems(settings: Settings) -> list[str]:
    """Return what is wrong with the database that the settings name, in plain words.

    :raises DomainError: or ``OSError``, ``ValueError``, if it cannot be opened.
    """
    async with database_of(settings).open(pool_size=settings.database_pool_size) as database:
        return await problems_of(database)


@asynccontextmanager
async def _open_store(settings: Settings) -> AsyncGenerator[SqlAlchemyStore]:
    """Open the store.

    :raises Unavailable: if there is no database yet.
    """
    database = database_of(settings)
    if database.is_missing():
        raise Unavailable(NOT_MIGRATED)
    async with database.open(pool_size=settings.database_pool_size) as opened:
        yield SqlAlchemyStore(opened)


@asynccontextmanager
async def open_accounts(settings: Settings) -> AsyncGenerator[AccountService]:
    """Connect what opens accounts, until the block is left."""
    with closing(argon2_passwords()) as passwords:
        async with _open_store(settings) as store:
            yield AccountService(
                store,
                passwords=passwords,
                common_passwords=common_passwords(),
                principal_cache=PrincipalCache(),
                now=utc_now,
            )


@asynccontextmanager
async def open_revocation(settings: Settings) -> AsyncGenerator[RevocationService]:
    """Connect what takes back access, until the block is left."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(_open_store(settings))
        revocations = None
        if settings.redis_url is not None:
            from entrypoints.sharing import open_revocations  # noqa: PLC0415 - the client of Redis takes long to load

            revocations = await stack.enter_async_context(open_revocations(settings.redis_url))
        yield RevocationService(store, revocations=revocations)


def newest_verified_backup(settings: Settings) -> datetime | None:
    """Return when the newest backup was made that was restored for a trial, if there is one."""
    newest = newest_verified(backups_in(settings.backup_dir, database_of(settings).kind))
    return None if newest is None else newest.manifest.created_at


def backups_of(settings: Settings, progress: Progress | None = None) -> Backups:
    """Return how the database that the settings name is backed up and restored, which ``progress`` hears of.

    :raises BackupError: if the keys in the settings are malformed.
    """
    return Backups(
        database_of(settings).dumpable(progress),
        keys=Keys(settings.backup_recipients, settings.backup_identity),
        service_version=VERSION,
        newest_revision=newest_revision(),
        now=utc_now,
        progress=progress,
    )
