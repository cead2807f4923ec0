"""The composition root: settings in, services out. The only module that knows which adapters there are."""

import asyncio
import logging
import os
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from secrets import token_hex
from tempfile import mkstemp

from dotenv import dotenv_values
from litestar import Litestar

from adapters.security.access_tokens import JwtAccessTokens
from adapters.security.passwords import Argon2Passwords
from adapters.security.secrets import HmacSecrets
from adapters.sqlalchemy.database import Database
from adapters.sqlalchemy.migrate import current_revision, migrate_postgresql, migrate_sqlite, newest_revision
from adapters.sqlalchemy.postgresql import open_postgresql
from adapters.sqlalchemy.sqlite import open_sqlite
from adapters.sqlalchemy.store import SqlAlchemyStore
from domain.accounts.ports import Passwords
from domain.accounts.service import AccountService
from domain.api_tokens.service import ApiTokenService
from domain.authentication.recent import RecentPrincipals
from domain.authentication.service import Authenticator
from domain.clock import Clock
from domain.errors import Unavailable
from domain.posts.service import PostService
from domain.sessions.service import SessionService
from domain.store import Store
from domain.todos.service import TodoService
from domain.zones import zone_names
from entrypoints.app import create_app
from entrypoints.environment import SHORTEST_JWT_SECRET, Secret, SettingsError
from entrypoints.logs import configure_logs
from entrypoints.services import Readiness, Services
from entrypoints.settings import Settings

_SLOWEST_READINESS = 2
"""Seconds after which a database that says nothing is not ready."""

_log = logging.getLogger(__name__)

_JWT_SECRET_FILE = "jwt-secret"  # noqa: S105 - a file name


def utc_now() -> datetime:
    """Return the time of this machine's clock."""
    return datetime.now(UTC)


def application() -> Litestar:
    """Return the service as the environment describes it; what Granian calls in each worker."""
    settings = settings_from_environment()
    configure_logs(settings)
    return create_app(settings, partial(open_services, settings))


def settings_from_environment() -> Settings:
    """Read the settings from the environment, and below it from a file ``.env`` in the working directory.

    :raises SettingsError: with every problem at once.
    """
    from_file = {name: value for name, value in dotenv_values(".env", interpolate=False).items() if value is not None}
    return Settings.read(from_file | dict(os.environ))


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncGenerator[Services]:
    """Connect the services to what they run on, until the block is left."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings))
        passwords = Argon2Passwords()
        stack.callback(passwords.close)
        await passwords.prepare()
        zone_names()  # reads files, which must not happen while requests wait
        yield build_services(
            SqlAlchemyStore(database),
            passwords=passwords,
            secret=jwt_secret(settings),
            readiness=partial(problems_of, database),
        )


def build_services(
    store: Store, *, passwords: Passwords, secret: str, readiness: Readiness, now: Clock = utc_now
) -> Services:
    """Wire the services to their adapters; ``secret`` signs and derives tokens."""
    recent = RecentPrincipals()
    secrets = HmacSecrets(secret)
    access_tokens = JwtAccessTokens(secret)
    return Services(
        accounts=AccountService(store, passwords=passwords, recent=recent, now=now),
        sessions=SessionService(
            store, passwords=passwords, access_tokens=access_tokens, secrets=secrets, recent=recent, now=now
        ),
        api_tokens=ApiTokenService(store, secrets=secrets, recent=recent, now=now),
        todos=TodoService(store, now=now),
        posts=PostService(store, now=now),
        authenticator=Authenticator(store, access_tokens=access_tokens, secrets=secrets, recent=recent, now=now),
        readiness=readiness,
    )


def open_database(settings: Settings) -> AbstractAsyncContextManager[Database]:
    """Open the database that the settings name."""
    if settings.database_url is None:
        return open_sqlite(settings.sqlite_path)
    return open_postgresql(settings.database_url)


async def migrate(settings: Settings, revision: str = "head") -> None:
    """Bring the database to ``revision``."""
    if settings.database_url is None:
        await migrate_sqlite(settings.sqlite_path, revision)
    else:
        await migrate_postgresql(settings.database_url, revision)


async def problems_of(database: Database) -> list[str]:
    """Return what is wrong with the database, in plain words; nothing if it can be used.

    A database that is ahead is none of it: while a new version is rolled out, the old one goes on beside it.
    """
    try:
        async with asyncio.timeout(_SLOWEST_READINESS):
            revision = await current_revision(database)
    except Unavailable as error:
        return [error.detail]
    except TimeoutError:
        return ["The database does not answer."]
    except Exception:  # noqa: BLE001 - whatever it is, requests will meet it too, and an operator must hear of it
        _log.exception("The database cannot be asked")
        return ["The database cannot be used; the log says why."]
    if revision < newest_revision():
        return [f"The database is at migration {revision}, this version needs {newest_revision()}."]
    return []


def jwt_secret(settings: Settings) -> Secret:
    """Return the secret that the settings give, or the one kept beside the embedded database.

    The first process makes it, readable by its user only; outside production nobody has to think of one.

    :raises SettingsError: if the file has been damaged.
    """
    if settings.jwt_secret is not None:
        return settings.jwt_secret
    path = settings.data_dir / _JWT_SECRET_FILE
    if not path.exists():
        _write_new(path, token_hex(SHORTEST_JWT_SECRET))
    secret = path.read_text(encoding="utf-8").strip()
    if len(secret.encode()) < SHORTEST_JWT_SECRET:
        raise SettingsError([f"{path} is too short: it must have at least {SHORTEST_JWT_SECRET} bytes. Remove it."])
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
