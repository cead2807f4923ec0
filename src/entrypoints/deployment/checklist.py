"""The checklist: from facts to findings, without looking at anything else."""

from collections.abc import Callable

from entrypoints.deployment import operations, security
from entrypoints.deployment.facts import Facts
from entrypoints.deployment.findings import Finding

ITEMS: tuple[Callable[[Facts], Finding], ...] = (
    security.settings,
    security.jwt_secret,
    security.debug,
    security.https,
    security.hosts,
    security.cors,
    security.database_password,
    security.rate_limits,
    security.user,
    security.dependencies,
    operations.log_level,
    operations.error_tracking,
    operations.health,
    operations.migrations,
    operations.backup,
    operations.metrics,
)


def checklist(facts: Facts) -> list[Finding]:
    """Return what each item has to say, in the order in which an operator would mend them."""
    return [item(facts) for item in ITEMS]
