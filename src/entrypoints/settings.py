"""Settings, read once from the environment (the twelve-factor app, III)."""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote_to_bytes

from msgspec import Struct

from domain.quotas.model import AccountQuotas
from entrypoints.environment import MIN_JWT_SECRET_BYTES, Environment, Network, Secret, SettingsError

_LOG_LEVELS = ("debug", "info", "warning", "error")
_SQLITE = "sqlite:///"

OWN_PATHS = frozenset({".well-known", "auth", "health", "me", "post", "posts", "schema", "tags", "todos"})
"""What the paths of the service begin with: below ``ROOT_PATH=/todos``, nobody could tell which ``/todos`` is meant."""


def sqlite_file(url: str) -> Path:
    """Return the file that the URL of an embedded database names."""
    return Path(os.fsdecode(unquote_to_bytes(url.removeprefix(_SQLITE))))


class Settings(Struct, frozen=True, kw_only=True):
    """How this process is to run.

    Without ``database_url`` the service keeps everything in an SQLite file in ``data_dir``, and brings that to the
    newest schema when it starts; a PostgreSQL database is migrated at start only if ``migrate_on_start`` asks for it.
    ``debug`` logs everything, unless ``log_level`` says otherwise; it never shows internals to clients.
    ``trusted_proxies`` are the peers whose ``X-Forwarded-*`` headers count. ``request_timeout`` is in seconds.
    ``root_path`` is the path under which clients call the service, where a proxy passes on one path of a host only.
    ``max_concurrent_requests`` are those of one account or anonymous address in one worker.
    """

    environment: Literal["development", "production"] = "development"
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    data_dir: Path = Path("data")
    database_url: Secret | None = None
    database_pool_size: int = 10
    migrate_on_start: bool = True
    redis_url: Secret | None = None
    jwt_secret: Secret | None = None
    debug: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    access_log: bool = True
    cors_origins: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ("*",)
    force_https: bool = False
    trusted_proxies: tuple[Network, ...] = ()
    public_url: str | None = None
    root_path: str | None = None
    request_timeout: int = 30
    max_connections_per_address: int = 256
    rate_limit: bool = True
    max_concurrent_requests: int = 4
    quota_todos: int = AccountQuotas().todos
    quota_bytes: int = AccountQuotas().bytes
    quota_posts: int = AccountQuotas().posts
    sentry_dsn: Secret | None = None
    otlp_endpoint: str | None = None
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = None
    metrics_token: Secret | None = None
    backup_dir: Path = Path("data/backups")
    backup_keep: int = 7
    backup_max_age: timedelta = timedelta(hours=26)
    backup_recipients: tuple[str, ...] = ()
    backup_identity: Secret | None = None

    @property
    def sqlite_path(self) -> Path:
        """Where the embedded database lives, if there is one."""
        return self.data_dir / "todo.sqlite3"

    @property
    def database(self) -> str:
        """The URL of the database; its scheme says of which kind it is (``databases.registry``)."""
        return self.database_url or f"{_SQLITE}{quote(os.fsencode(self.sqlite_path))}"

    @property
    def quotas(self) -> AccountQuotas:
        """The most that one account may keep."""
        return AccountQuotas(todos=self.quota_todos, bytes=self.quota_bytes, posts=self.quota_posts)

    @property
    def hsts(self) -> bool:
        """Whether browsers are told to use HTTPS only (RFC 6797)."""
        return self.force_https or self.environment == "production"

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> "Settings":
        """Return the settings that the variables make.

        :raises SettingsError: with every problem at once.
        """
        settings, problems = cls.draft(variables)
        if problems:
            raise SettingsError(problems)
        return settings

    @classmethod
    def draft(cls, variables: Mapping[str, str]) -> "tuple[Settings, list[str]]":
        """Return the settings, those that make no sense at their defaults, and every problem of them."""
        default, environment = cls(), Environment(variables)
        debug = environment.flag("DEBUG")
        database_url = environment.secret("DATABASE_URL", environment.database_url)
        data_dir = Path(environment.text("DATA_DIR", str(default.data_dir)))
        settings = cls(
            environment=environment.one_of("ENVIRONMENT", "development", "production"),
            host=environment.text("HOST", default.host),
            port=environment.number("PORT", default.port, minimum=1, maximum=65_535),
            workers=environment.number("WORKERS", default.workers, minimum=1, maximum=256),
            data_dir=data_dir,
            database_url=database_url,
            database_pool_size=environment.number(
                "DATABASE_POOL_SIZE", default.database_pool_size, minimum=2, maximum=1000
            ),
            migrate_on_start=environment.flag("MIGRATE_ON_START", default=database_url is None),
            redis_url=environment.secret("REDIS_URL", environment.redis_url),
            jwt_secret=environment.secret("JWT_SECRET", environment.long_secret),
            debug=debug,
            log_level=environment.one_of("LOG_LEVEL", "debug" if debug else "info", *_LOG_LEVELS),
            access_log=environment.flag("ACCESS_LOG", default=default.access_log),
            cors_origins=environment.origins("CORS_ORIGINS"),
            allowed_hosts=environment.many("ALLOWED_HOSTS") or default.allowed_hosts,
            force_https=environment.flag("FORCE_HTTPS"),
            trusted_proxies=environment.networks("TRUSTED_PROXIES"),
            public_url=environment.url("PUBLIC_URL"),
            root_path=environment.path_prefix("ROOT_PATH"),
            request_timeout=environment.number("REQUEST_TIMEOUT", default.request_timeout, minimum=1, maximum=600),
            max_connections_per_address=environment.number(
                "MAX_CONNECTIONS_PER_ADDRESS", default.max_connections_per_address, minimum=1, maximum=100_000
            ),
            rate_limit=environment.flag("RATE_LIMIT", default=default.rate_limit),
            max_concurrent_requests=environment.number(
                "MAX_CONCURRENT_REQUESTS", default.max_concurrent_requests, minimum=1, maximum=10_000
            ),
            quota_todos=environment.number("QUOTA_TODOS", default.quota_todos, minimum=1, maximum=10**9),
            quota_bytes=environment.number("QUOTA_BYTES", default.quota_bytes, minimum=1, maximum=10**12),
            quota_posts=environment.number("QUOTA_POSTS", default.quota_posts, minimum=1, maximum=10**9),
            sentry_dsn=environment.secret("SENTRY_DSN", environment.sentry_dsn),
            otlp_endpoint=environment.url("OTEL_EXPORTER_OTLP_ENDPOINT"),
            metrics_host=environment.text("METRICS_HOST", default.metrics_host),
            metrics_port=environment.number("METRICS_PORT", 0, minimum=0, maximum=65_535) or None,
            metrics_token=environment.secret("METRICS_TOKEN", environment.header_value),
            backup_dir=Path(environment.text("BACKUP_DIR", str(data_dir / "backups"))),
            backup_keep=environment.number("BACKUP_KEEP", default.backup_keep, minimum=1, maximum=10_000),
            backup_max_age=environment.span("BACKUP_MAX_AGE", default.backup_max_age),
            backup_recipients=environment.recipients("BACKUP_RECIPIENTS"),
            backup_identity=environment.secret("BACKUP_IDENTITY"),
        )
        problems = environment.problems + _contradictions(settings)
        if settings.environment == "production":
            problems += _unsafe(settings)
        return settings, problems


def _contradictions(settings: Settings) -> list[str]:
    """Return what cannot work together."""
    problems: list[str] = []
    if settings.force_https and not settings.trusted_proxies:
        problems.append(
            "FORCE_HTTPS needs TRUSTED_PROXIES: only a proxy can say that a request came over HTTPS, and only one "
            "that is named is believed."
        )
    if settings.root_path is not None and settings.root_path.split("/")[1] in OWN_PATHS:
        problems.append("ROOT_PATH begins like a path of the service itself: choose another one, such as /api.")
    if settings.metrics_port == settings.port:
        problems.append("METRICS_PORT is PORT: metrics need a port of their own, which is not public.")
    return problems


def _unsafe(settings: Settings) -> list[str]:
    """Return what must not be in production."""
    problems: list[str] = []
    if settings.jwt_secret is None:
        problems.append(
            "JWT_SECRET is missing: in production it must be given, as at least "
            f"{MIN_JWT_SECRET_BYTES} bytes, for instance from `todo-api secret`."
        )
    if settings.debug:
        problems.append("DEBUG is on: it must be off in production.")
    if "*" in settings.cors_origins:
        problems.append("CORS_ORIGINS is a wildcard: in production it must name each origin.")
    return problems
