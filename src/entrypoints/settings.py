"""Settings, read once from the environment (the twelve-factor app, III)."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, TypeVar

from msgspec import Struct

from domain.text import is_encodable

SHORTEST_JWT_SECRET = 64
"""Bytes; RFC 7518, section 3.2, asks for at least as many bits as the hash has."""

_LOG_LEVELS = ("debug", "info", "warning", "error")

_END_OF_HOSTS = re.compile("[/?#]")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")
_SSL_OF_SQLALCHEMY = re.compile(r"([?&])ssl=")
_HOST_AND_PORT = re.compile(r"(\[[^\[\]]+\]|[^\[\]:]*)(:[0-9]{1,5})?")

_T = TypeVar("_T")


class Secret(str):
    """Text that does not show itself where settings are printed or logged."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class SettingsError(Exception):
    """The environment cannot be used; ``problems`` says everything that is wrong with it, in plain words."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Settings(Struct, frozen=True, kw_only=True):
    """How this process is to run.

    Without ``database_url`` the service keeps everything in an SQLite file in ``data_dir``. ``debug`` logs everything,
    unless ``log_level`` says otherwise; it never shows internals to clients.
    """

    environment: Literal["development", "production"] = "development"
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    data_dir: Path = Path("data")
    database_url: Secret | None = None
    redis_url: Secret | None = None
    jwt_secret: Secret | None = None
    debug: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    cors_origins: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ("*",)

    @property
    def sqlite_path(self) -> Path:
        """Where the embedded database lives, if there is one."""
        return self.data_dir / "todo.sqlite3"

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Settings":
        """Return the settings that the variables make.

        :raises SettingsError: with every problem at once.
        """
        reader = _Reader(environ)
        debug = reader.flag("DEBUG")
        settings = cls(
            environment=reader.one_of("ENVIRONMENT", "development", "production"),
            host=reader.text("HOST", cls().host),
            port=reader.number("PORT", cls().port, lowest=1, highest=65_535),
            workers=reader.number("WORKERS", cls().workers, lowest=1, highest=256),
            data_dir=Path(reader.text("DATA_DIR", str(cls().data_dir))),
            database_url=reader.secret("DATABASE_URL", reader.postgresql_url),
            redis_url=reader.secret("REDIS_URL", reader.redis_url),
            jwt_secret=reader.secret("JWT_SECRET", reader.long_secret),
            debug=debug,
            log_level=reader.one_of("LOG_LEVEL", "debug" if debug else "info", *_LOG_LEVELS),
            cors_origins=reader.origins("CORS_ORIGINS"),
            allowed_hosts=reader.many("ALLOWED_HOSTS") or cls().allowed_hosts,
        )
        problems = reader.problems + (_unsafe(settings) if settings.environment == "production" else [])
        if problems:
            raise SettingsError(problems)
        return settings


def _unsafe(settings: Settings) -> list[str]:
    """Return what must not be in production."""
    problems: list[str] = []
    if settings.jwt_secret is None:
        problems.append(
            "JWT_SECRET is missing: in production it must be given, as at least "
            f"{SHORTEST_JWT_SECRET} bytes, for instance from `openssl rand -hex 64`."
        )
    if settings.debug:
        problems.append("DEBUG is on: it must be off in production.")
    if "*" in settings.cors_origins:
        problems.append("CORS_ORIGINS is a wildcard: in production it must name each origin.")
    return problems


class _Reader:
    """Reads variables and collects what is wrong with them; a wrong one is replaced so that reading goes on."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []

    def text(self, name: str, default: str) -> str:
        return self._environ.get(name, "").strip() or default

    def many(self, name: str) -> tuple[str, ...]:
        parts = (part.strip() for part in self.text(name, "").split(","))
        return tuple(part for part in parts if part)

    def origins(self, name: str) -> tuple[str, ...]:
        """Read origins (RFC 6454): a scheme, a host and perhaps a port, or ``*`` alone for any."""
        origins = self.many(name)
        for origin in origins:
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                self.problems.append(
                    f"{name} has {origin!r}: an origin is https://host or https://host:port, or * for any."
                )
        return origins

    def number(self, name: str, default: int, *, lowest: int, highest: int) -> int:
        text = self.text(name, str(default))
        if text.isascii() and text.isdigit() and len(text) <= len(str(highest)) and lowest <= int(text) <= highest:
            return int(text)
        self.problems.append(f"{name} is {text!r}: it must be a whole number from {lowest} to {highest}.")
        return default

    def flag(self, name: str) -> bool:
        text = self.text(name, "false").lower()
        if text not in {"true", "false", "1", "0", "yes", "no", "on", "off"}:
            self.problems.append(f"{name} is {text!r}: it must be true or false.")
        return text in {"true", "1", "yes", "on"}

    def one_of(self, name: str, default: _T, *others: _T) -> _T:
        text = self.text(name, str(default)).lower()
        allowed = dict.fromkeys((default, *others))
        for choice in allowed:
            if text == choice:
                return choice
        choices = ", ".join(str(choice) for choice in allowed)
        self.problems.append(f"{name} is {text!r}: it must be one of {choices}.")
        return default

    def secret(self, name: str, check: Callable[[str, str], str]) -> Secret | None:
        """Read a value that may also stand in the file that ``<name>_FILE`` names."""
        value, file = self.text(name, ""), self.text(f"{name}_FILE", "")
        if value and file:
            self.problems.append(f"{name} and {name}_FILE are both set: only one of them may be.")
        elif file:
            try:
                value = Path(file).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
                self.problems.append(f"{name}_FILE cannot be read: {reason}.")
            else:
                if not value:
                    self.problems.append(f"{name}_FILE names an empty file.")
        if not is_encodable(value):
            self.problems.append(f"{name} is not UTF-8.")
            value = ""
        return Secret(check(name, value)) if value else None

    def long_secret(self, name: str, value: str) -> str:
        if len(value.encode()) < SHORTEST_JWT_SECRET:
            self.problems.append(f"{name} is too short: it must have at least {SHORTEST_JWT_SECRET} bytes.")
        return value

    def postgresql_url(self, name: str, value: str) -> str:
        """Return the URL as the driver wants it; SQLAlchemy's and the old spelling of the scheme are taken too."""
        scheme, separator, rest = value.partition("://")
        if not separator or scheme not in {"postgresql+asyncpg", "postgresql", "postgres"}:
            self.problems.append(f"{name} must begin with postgresql://, postgresql+asyncpg:// or postgres://.")
        hosts = _END_OF_HOSTS.split(rest, maxsplit=1)[0].rpartition("@")[2].split(",")
        if not all(_HOST_AND_PORT.fullmatch(host) for host in hosts):
            self.problems.append(
                f"{name} does not name a host and a port after the password, whose special characters need "
                "percent-encoding."
            )
        rest = _SSL_OF_SQLALCHEMY.sub(r"\1sslmode=", rest)
        return f"postgresql://{rest}"

    def redis_url(self, name: str, value: str) -> str:
        scheme, separator, _ = value.partition("://")
        if not separator or scheme not in {"redis", "rediss", "unix"}:
            self.problems.append(f"{name} must begin with redis://, rediss:// or unix://.")
        return value
