"""The items that keep the service going, and its operators informed."""

from datetime import timedelta
from ipaddress import ip_address

import msgspec
from msgspec import Struct

from entrypoints.deployment.facts import Facts
from entrypoints.deployment.findings import Finding, error, ok, warning
from entrypoints.settings import Settings

_OK = 200
_MAX_CLOCK_SKEW = timedelta(minutes=5)


class _Readiness(Struct):
    """What matters here of what readiness says."""

    problems: list[str] = []
    notices: list[str] = []


def log_level(facts: Facts) -> Finding:
    """Check that the log tells enough, and not too much."""
    level = facts.settings.log_level
    if level == "debug":
        return error("log level", "Everything is logged.", "Set LOG_LEVEL=info.")
    return ok("log level", f"{level}.")


def error_tracking(facts: Facts) -> Finding:
    """Check that somebody hears of what goes wrong."""
    if facts.settings.sentry_dsn is None:
        remedy = "Set SENTRY_DSN to a project of Sentry, or of something that speaks its protocol."
        return warning("error tracking", "Unexpected errors are in the log only.", remedy)
    return ok("error tracking", "SENTRY_DSN is set.")


def health(facts: Facts) -> Finding:
    """Check that the service answers, and has everything it needs."""
    item = "health"
    if facts.health is None or facts.health.status != _OK:
        return error(item, f"{facts.url}/health does not answer.", "Start the service, or name it with --url.")
    if facts.readiness is None:
        return error(item, f"{facts.url}/health/ready does not answer.", "The service's log says why.")
    said = _said(facts.readiness.body)
    if facts.readiness.status != _OK:
        return error(item, f"It is not ready: {' '.join(said.problems)}", "Mend what it names.")
    if said.notices:
        return warning(item, f"It is ready, but: {' '.join(said.notices)}", "Mend what it names.")
    return ok(item, f"{facts.url} is ready.")


def _said(body: bytes) -> _Readiness:
    try:
        return msgspec.json.decode(body, type=_Readiness)
    except msgspec.DecodeError:
        return _Readiness()


def migrations(facts: Facts) -> Finding:
    """Check that the schema is the one this version is written for."""
    if facts.database_problems:
        return error("migrations", " ".join(facts.database_problems), "Run `todo-api migrate` with the new version.")
    return ok("migrations", "Nothing is left to migrate.")


def backup(facts: Facts) -> Finding:
    """Check that there is something to go back to, which was tried."""
    item, newest = "backup", facts.newest_verified_backup
    where, remedy = facts.settings.backup_dir, "Run `todo-api backup` and `todo-api backup --verify` on a schedule."
    if newest is None:
        return error(item, f"No verified backup in {where}.", remedy)
    said = f"The newest verified backup in {where} is of {newest:%Y-%m-%d %H:%M} UTC"
    if newest - facts.at > _MAX_CLOCK_SKEW:
        return error(item, f"{said}, which is yet to come.", "Set the clock, and make a new one.")
    if facts.at - newest > facts.settings.backup_max_age:
        return error(item, f"{said}, which is too long ago.", remedy)
    return ok(item, f"{said}.")


def metrics(facts: Facts) -> Finding:
    """Check that those who watch get the metrics, and nobody else."""
    item, settings = "metrics", facts.settings
    if settings.metrics_port is None:
        return error(item, "There are none.", "Set METRICS_PORT, and let Prometheus fetch them from there.")
    where = f"{settings.metrics_host}, port {settings.metrics_port}"
    if facts.public_metrics is not None and facts.public_metrics.status == _OK:
        return error(item, f"{facts.url}/metrics is public.", "Let the proxy pass on the service's own port only.")
    if facts.metrics is None or facts.metrics.status != _OK:
        return error(item, f"They cannot be fetched from {where}.", "Start the service with METRICS_PORT set.")
    if settings.metrics_token is None and not _is_private(settings):
        remedy = "Set METRICS_TOKEN, or METRICS_HOST to an address that only Prometheus can reach."
        return warning(item, f"Whoever reaches {where} can read them.", remedy)
    return ok(item, f"They can be fetched from {where}, and not from {facts.url}.")


def _is_private(settings: Settings) -> bool:
    """Tell whether metrics are served on an address that the internet cannot reach."""
    try:
        address = ip_address(settings.metrics_host)
    except ValueError:
        return settings.metrics_host == "localhost"
    return address.is_private and not address.is_unspecified
