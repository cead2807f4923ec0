"""URLs of databases as operators write them; the scheme says of which kind a database is (``databases.registry``)."""

import re
from collections.abc import Callable

_END_OF_HOSTS = re.compile("[/?#]")
_HOST_AND_PORT = re.compile(r"(\[[^\[\]]+\]|[^\[\]:]*)(:[0-9]{1,5})?")
_SSL_OF_SQLALCHEMY = re.compile(r"([?&])ssl=")
_SSL_OF_LIBPQ = r"\1sslmode="


def parse_database_url(url: str) -> tuple[str, list[str]]:
    """Return the URL as the driver wants it, and what is wrong with it, as ends of sentences.

    An unknown scheme is taken for PostgreSQL's, so that whatever else is wrong is said at the same time.
    """
    scheme, separator, rest = url.partition("://")
    problems: list[str] = []
    if not separator or scheme not in _SCHEMES:
        problems.append(f"must begin with {', '.join(f'{known}://' for known in _SCHEMES)}.")
    parsed, more = _SCHEMES.get(scheme, _postgresql)(rest)
    return parsed, problems + more


def _postgresql(rest: str) -> tuple[str, list[str]]:
    """Take SQLAlchemy's spelling of an option, too."""
    hosts = _END_OF_HOSTS.split(rest, maxsplit=1)[0].rpartition("@")[2].split(",")
    is_understood = all(_HOST_AND_PORT.fullmatch(host) for host in hosts)
    url = f"postgresql://{_SSL_OF_SQLALCHEMY.sub(_SSL_OF_LIBPQ, rest)}"
    problem = "does not name a host and a port after the password, whose special characters need percent-encoding."
    return url, [] if is_understood else [problem]


_SCHEMES: dict[str, Callable[[str], tuple[str, list[str]]]] = {
    "postgresql": _postgresql,
    "postgresql+asyncpg": _postgresql,  # as SQLAlchemy spells it
    "postgres": _postgresql,  # as it was spelled once
}
