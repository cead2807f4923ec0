"""A connection URI as environment variables of libpq: what is on a command line can be read by every user."""

from urllib.parse import parse_qsl, unquote, urlsplit

_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "database": "PGDATABASE",
    "passfile": "PGPASSFILE",
    "service": "PGSERVICE",
    "servicefile": "PGSERVICEFILE",
    "sslmode": "PGSSLMODE",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcrl": "PGSSLCRL",
    "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
    "ssl_max_protocol_version": "PGSSLMAXPROTOCOLVERSION",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
    "krbsrvname": "PGKRBSRVNAME",
    "gsslib": "PGGSSLIB",
    "application_name": "PGAPPNAME",
}
"""What asyncpg reads from the query, and where libpq's tools look for it."""


def environment_of(url: str) -> dict[str, str]:
    """Return the variables of libpq (PostgreSQL documentation, 32.15) that lead where the URL leads.

    What is not known is a setting of the session, as it is for asyncpg.
    """
    parts = urlsplit(url)
    found = _of_authority(parts.netloc)
    if database := unquote(parts.path.removeprefix("/")):
        found["PGDATABASE"] = database
    options: list[str] = []
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name == "options":
            options.append(value)
        elif name in _VARIABLES:
            found.setdefault(_VARIABLES[name], value)  # before the question mark counts more, as it does for asyncpg
        else:
            options.append(f"-c {name}={_escaped(value)}")
    if options:
        found["PGOPTIONS"] = " ".join(options)
    return found


def database_argument(name: str) -> str:
    """Return the name of a database as an argument, quoted: an odd one could be taken for a connection string."""
    quoted = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"dbname='{quoted}'"


def _of_authority(netloc: str) -> dict[str, str]:
    """Return who and where: ``user:password@host:port,host:port``, each percent-encoded."""
    credentials, _, hosts = netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    found = {"PGUSER": unquote(user), "PGPASSWORD": unquote(password)}
    if hosts:
        pairs = [_host_and_port(host) for host in hosts.split(",")]
        found["PGHOST"] = ",".join(host for host, _ in pairs)
        if any(port for _, port in pairs):
            found["PGPORT"] = ",".join(port or "5432" for _, port in pairs)
    return {name: value for name, value in found.items() if value}


def _host_and_port(text: str) -> tuple[str, str]:
    if text.startswith("["):  # an IPv6 address
        host, _, rest = text[1:].partition("]")
        return host, rest.removeprefix(":")
    host, _, port = text.partition(":")
    return unquote(host), port


def _escaped(value: str) -> str:
    """Return a value for PGOPTIONS, where spaces separate and backslashes escape."""
    return value.replace("\\", "\\\\").replace(" ", "\\ ")
