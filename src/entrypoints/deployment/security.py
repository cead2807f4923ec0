"""The items that keep others out."""

from datetime import timedelta
from urllib.parse import unquote, urlsplit

from entrypoints.databases.registry import database_of
from entrypoints.deployment.facts import Answer, Facts
from entrypoints.deployment.findings import Finding, error, ok, warning
from entrypoints.deployment.strength import is_guessable, looks_random, random_bytes_in
from entrypoints.environment import MIN_JWT_SECRET_BYTES

_MAX_AUDIT_AGE = timedelta(days=30)


def settings(facts: Facts) -> Finding:
    """Check that the service would start, and as what."""
    item = "settings"
    if facts.settings_problems:
        return error(item, " ".join(facts.settings_problems), "Change these variables; the README lists all of them.")
    if facts.settings.environment != "production":
        return error(item, "ENVIRONMENT is development.", "Set ENVIRONMENT=production: it refuses what is unsafe.")
    return ok(item, "They can be used, and are those of production.")


def jwt_secret(facts: Facts) -> Finding:
    """Check that nobody can sign tokens but the service."""
    item, remedy = "JWT secret", "Set JWT_SECRET to what `todo-api secret` prints; clients refresh their access tokens."
    secret = facts.settings.jwt_secret
    if secret is None:
        return error(item, "JWT_SECRET is not set; each machine would make one of its own.", remedy)
    size = random_bytes_in(secret)
    if size < MIN_JWT_SECRET_BYTES:
        return error(item, f"It has room for {size} random bytes; {MIN_JWT_SECRET_BYTES} are needed.", remedy)
    if not looks_random(secret, size=MIN_JWT_SECRET_BYTES):
        return error(item, "It is long enough, but repeats itself too much to be random.", remedy)
    return ok(item, f"It has room for {size} random bytes.")


def debug(facts: Facts) -> Finding:
    """Check that internals stay inside."""
    if facts.settings.debug:
        return error("debug", "DEBUG is on.", "Set DEBUG=false.")
    return ok("debug", "It is off.")


def https(facts: Facts) -> Finding:
    """Check that nobody's password travels in plain text."""
    item, settings = "HTTPS", facts.settings
    if not settings.force_https:
        remedy = "Set FORCE_HTTPS=true behind a proxy that speaks TLS, and TRUSTED_PROXIES."
        return error(item, "Plain HTTP is answered.", remedy)
    networks = ", ".join(map(str, settings.trusted_proxies))
    if not networks:
        return error(item, "No proxy is trusted.", "Name the addresses of the proxy in TRUSTED_PROXIES.")
    if any(network.prefixlen == 0 for network in settings.trusted_proxies):
        why = "TRUSTED_PROXIES is the whole internet: anybody could claim any address."
        return error(item, why, "Name the addresses of the proxy.")
    if facts.plain is not None and facts.plain.status < 300:  # noqa: PLR2004 - every success
        remedy = "Let the proxy pass on X-Forwarded-Proto, or redirect by itself."
        return error(item, "The public host answers plain HTTP.", remedy)
    if urlsplit(facts.url).scheme == "https" and facts.health is not None and not _has_hsts(facts.health):
        remedy = "Let the proxy pass the header on, which the service sets."
        return error(item, "Answers lack Strict-Transport-Security.", remedy)
    return ok(item, f"It is forced, and believed of {networks} only.")


def _has_hsts(answer: Answer) -> bool:
    return "strict-transport-security" in answer.headers


def hosts(facts: Facts) -> Finding:
    """Check that the service answers to its own names."""
    if "*" in facts.settings.allowed_hosts:
        return warning("hosts", "Any Host header is answered.", "Name the public host names in ALLOWED_HOSTS.")
    return ok("hosts", f"Only {', '.join(facts.settings.allowed_hosts)}.")


def cors(facts: Facts) -> Finding:
    """Check that foreign pages cannot call the service from their visitors' browsers."""
    origins = facts.settings.cors_origins
    if "*" in origins:
        return error("CORS", "Pages of any origin may call the service.", "Name each origin in CORS_ORIGINS.")
    return ok("CORS", f"Origins: {', '.join(origins) or 'none'}.")


def database_password(facts: Facts) -> Finding:
    """Check that the database is not open to who tries the usual words."""
    item = "database password"
    if database_of(facts.settings).is_embedded:
        return ok(item, "The embedded database needs none.")
    try:
        parts = urlsplit(facts.settings.database)
    except ValueError:
        return error(item, "DATABASE_URL cannot be taken apart.", "Mend what is said of the settings.")
    if not parts.password:
        remedy = "Make sure that the server asks for something else: a certificate, or the user of a local socket."
        return warning(item, "DATABASE_URL has none.", remedy)
    context = (unquote(parts.username or ""), parts.path.strip("/"), parts.hostname or "", "todo", "postgres", "api")
    if is_guessable(unquote(parts.password), *context):
        return error(item, "It can be guessed.", "Give the role a random one, for instance from `todo-api secret`.")
    return ok(item, "It is hard to guess.")


def rate_limits(facts: Facts) -> Finding:
    """Check that nobody can try passwords for ever, whichever replica they ask."""
    item, settings = "rate limits", facts.settings
    if not settings.rate_limit:
        return error(item, "They are off.", "Remove RATE_LIMIT=off.")
    if settings.redis_url is None:
        if database_of(settings).is_embedded and settings.workers == 1:
            return ok(item, "They are on; one process needs to share them with nobody.")
        return error(item, "Each process counts for itself.", "Set REDIS_URL, so that all replicas count together.")
    if not facts.redis_answers:
        return error(item, "REDIS_URL does not answer: each process counts for itself.", "Start it, or mend the URL.")
    return ok(item, "They are on, and shared.")


def user(facts: Facts) -> Finding:
    """Check that whoever breaks in has not got the machine."""
    if facts.user_id == 0:
        return error("user", "This runs as root.", "Run it as a user without rights; the image does.")
    return ok("user", f"User {facts.user_id} is not root.")


def dependencies(facts: Facts) -> Finding:
    """Check that no package was known to be vulnerable when this was built."""
    item, remedy = (
        "dependencies",
        "Run `make audit` where the advisory service can be reached, and build the image anew.",
    )
    audit = facts.audit
    if audit is None:
        return warning(item, "They were not audited when this was built.", remedy)
    if audit.requirements_sha256 != facts.requirements_sha256:
        return warning(item, "The audit is of other packages than these.", remedy)
    day = f"{audit.audited_at:%Y-%m-%d}"
    if audit.vulnerabilities:
        found = ", ".join(audit.vulnerabilities)
        return error(item, f"Known to be vulnerable on {day}: {found}.", "Upgrade them: `make lock ARGS=--upgrade`.")
    if audit.audited == 0 or audit.skipped:
        return warning(item, f"{audit.skipped} packages could not be audited on {day}.", remedy)
    if facts.at - audit.audited_at > _MAX_AUDIT_AGE:
        return warning(item, f"The audit is of {day}; advisories may have come out since.", remedy)
    return ok(item, f"None of {audit.audited} packages was known to be vulnerable on {day}.")
