"""Reading environment variables, and collecting what is wrong with them."""

import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

from domain.text import is_encodable
from entrypoints.database_urls import parse_database_url

MIN_JWT_SECRET_BYTES = 64
"""Bytes; RFC 7518, section 3.2, asks for at least as many bits as the hash has."""

Network = IPv4Network | IPv6Network

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")
_LOGIN = frozenset({"db", "username", "password"})
_REDIS_OPTIONS = {
    "redis": _LOGIN,
    "rediss": _LOGIN | {"ssl_ca_certs", "ssl_cert_reqs", "ssl_certfile", "ssl_check_hostname", "ssl_keyfile"},
    "unix": _LOGIN,
}
"""The options in a URL that its scheme may have; the client of Redis knows more, which are not the operator's."""

_SPAN = re.compile(r"([0-9]{1,6})([smhd])")
_SECONDS_OF = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_PROJECT = re.compile(r"/[0-9]+/?$")
_WEB_URL = re.compile(r"https?://[^\s/?#]+[^\s]*")

_PREFIX = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)+")
MAX_PREFIX_LENGTH = 200
"""Characters."""

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


class Environment:
    """Variables, and what was found wrong with them: a wrong one is replaced by its default, and reading goes on."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []

    def text(self, name: str, default: str) -> str:
        """Read text; what is empty is not set."""
        return self._environ.get(name, "").strip() or default

    def many(self, name: str) -> tuple[str, ...]:
        """Read a list with commas between its parts."""
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

    def networks(self, name: str) -> tuple[Network, ...]:
        """Read addresses and networks (RFC 4632): 10.0.0.7, 10.0.0.0/8, fd00::/8."""
        networks: list[Network] = []
        for text in self.many(name):
            try:
                network = ip_network(text)
                if isinstance(network, IPv6Network) and (network.network_address.ipv4_mapped or "%" in text):
                    raise ValueError  # noqa: TRY301 - clients are never called that
                networks.append(network)
            except ValueError:
                self.problems.append(f"{name} has {text!r}: it must be an address or a network such as 10.0.0.0/8.")
        return tuple(networks)

    def span(self, name: str, default: timedelta) -> timedelta:
        """Read a length of time: 45s, 90m, 26h, 7d."""
        text = self.text(name, "")
        if not text:
            return default
        match = _SPAN.fullmatch(text)
        if match is None or int(match[1]) == 0:
            self.problems.append(f"{name} is {text!r}: it must be a number and a unit, such as 45s, 90m, 26h or 7d.")
            return default
        return timedelta(seconds=int(match[1]) * _SECONDS_OF[match[2]])

    def number(self, name: str, default: int, *, minimum: int, maximum: int) -> int:
        """Read a whole number from ``minimum`` to ``maximum``."""
        text = self.text(name, str(default))
        if text.isascii() and text.isdigit() and len(text) <= len(str(maximum)) and minimum <= int(text) <= maximum:
            return int(text)
        self.problems.append(f"{name} is {text!r}: it must be a whole number from {minimum} to {maximum}.")
        return default

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Read yes or no, in any of the usual words."""
        text = self.text(name, str(default)).lower()
        if text not in {"true", "false", "1", "0", "yes", "no", "on", "off"}:
            self.problems.append(f"{name} is {text!r}: it must be true or false.")
        return text in {"true", "1", "yes", "on"}

    def one_of(self, name: str, default: _T, *others: _T) -> _T:
        """Read one of a few words."""
        text = self.text(name, str(default)).lower()
        allowed = dict.fromkeys((default, *others))
        for choice in allowed:
            if text == choice:
                return choice
        choices = ", ".join(str(choice) for choice in allowed)
        self.problems.append(f"{name} is {text!r}: it must be one of {choices}.")
        return default

    def url(self, name: str) -> str | None:
        """Read the URL of something that speaks HTTP."""
        value = self.text(name, "")
        return self.web_url(name, value) if value else None

    def path_prefix(self, name: str) -> str | None:
        """Read the path under which something is called: /api; ``None`` if it is called at the root."""
        prefix = self.text(name, "").rstrip("/")
        if prefix and not is_path_prefix(prefix):
            self.problems.append(
                f"{name} is {prefix!r}: it must be a path such as /api or /services/todo, of ASCII letters, digits, "
                f"`-`, `.`, `_` and `~`, and at most {MAX_PREFIX_LENGTH} characters."
            )
            return None
        return prefix or None

    def secret(self, name: str, check: Callable[[str, str], str] | None = None) -> Secret | None:
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
        if not value:
            return None
        return Secret(value if check is None else check(name, value))

    def long_secret(self, name: str, value: str) -> str:
        """Return the secret, which must be long enough to sign with."""
        if len(value.encode()) < MIN_JWT_SECRET_BYTES:
            self.problems.append(f"{name} is too short: it must have at least {MIN_JWT_SECRET_BYTES} bytes.")
        return value

    def database_url(self, name: str, value: str) -> str:
        """Return the URL of a database as the driver wants it."""
        url, problems = parse_database_url(value)
        self.problems += [f"{name} {problem}" for problem in problems]
        return url

    def redis_url(self, name: str, value: str) -> str:
        """Return the URL, which must be one of Redis or Valkey."""
        scheme, separator, _ = value.partition("://")
        if not separator or scheme not in _REDIS_OPTIONS:
            self.problems.append(f"{name} must begin with redis://, rediss:// or unix://.")
        elif not _is_understood(value, options=_REDIS_OPTIONS[scheme]):
            self.problems.append(f"{name} does not name a host and a port, or has an option that is not known.")
        return value

    def web_url(self, name: str, value: str) -> str:
        """Return the URL, which must be one of HTTP."""
        if not _WEB_URL.fullmatch(value) or not _is_url(value):
            self.problems.append(f"{name} must begin with http:// or https:// and name a host.")
        return value.rstrip("/")

    def sentry_dsn(self, name: str, value: str) -> str:
        """Return the address of a project, as https://key@host/number."""
        if not _is_url(value) or not urlsplit(value).username or not _PROJECT.search(urlsplit(value).path):
            self.problems.append(f"{name} is not the address of a project: https://key@host/number.")
        return value

    def header_value(self, name: str, value: str) -> str:
        """Return a secret that travels in a header, where only ASCII is safe (RFC 9110, section 5.5)."""
        if not value.isascii() or not value.isprintable() or " " in value:
            self.problems.append(f"{name} must consist of ASCII characters, without spaces.")
        return value

    def recipients(self, name: str) -> tuple[str, ...]:
        """Read public keys of age. What is no such key is not shown: it may be a private one."""
        keys = self.many(name)
        if not all(key.startswith("age1") for key in keys):
            self.problems.append(f"{name} has something that is not a public key of age: they begin with age1.")
            return ()
        return keys


def is_path_prefix(text: str) -> bool:
    """Tell whether text can stand before a path: segments of what needs no escape (RFC 3986, section 2.3), no dots."""
    return len(text) <= MAX_PREFIX_LENGTH and _PREFIX.fullmatch(text) is not None


def _is_understood(url: str, *, options: AbstractSet[str]) -> bool:
    """Tell whether a URL of Redis has a good port and good options; a bad one would fail every request only later."""
    try:
        parts = urlsplit(url)
        given = dict(parse_qsl(parts.query, keep_blank_values=True))
        return parts.port != 0 and given.keys() <= options and given.get("db", "0").isdecimal()
    except ValueError:
        return False


def _is_url(text: str) -> bool:
    """Tell whether a URL can be taken apart: brackets that are closed, a port that can be one."""
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
