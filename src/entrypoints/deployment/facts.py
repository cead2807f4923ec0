"""What the checklist looks at."""

from datetime import datetime

from msgspec import Struct

from entrypoints.settings import Settings


class Answer(Struct, frozen=True, kw_only=True):
    """What came back over HTTP."""

    status: int
    headers: dict[str, str] = {}
    body: bytes = b""


class Audit(Struct, frozen=True, kw_only=True):
    """What `make audit` found out about the packages when the image was built.

    ``skipped`` counts the packages that the advisory service knew nothing about, or that could not be asked for.
    ``requirements_sha256`` is that of the list of packages.
    """

    audited_at: datetime
    requirements_sha256: str
    audited: int
    skipped: int
    vulnerabilities: tuple[str, ...] = ()


class Facts(Struct, frozen=True, kw_only=True):
    """How the service is set up and how it answers; ``None`` stands for what does not answer or is not there.

    ``settings_problems`` are what would keep it from starting. ``url`` is where it was called. ``plain`` is the answer
    to plain HTTP on the public host, ``metrics`` what Prometheus would get, and ``public_metrics`` what a stranger gets
    who asks for the metrics. ``database_problems`` is empty if the schema is the newest. ``requirements_sha256``
    is that of the packages which are installed.
    """

    settings: Settings
    settings_problems: tuple[str, ...] = ()
    url: str
    health: Answer | None
    readiness: Answer | None
    plain: Answer | None = None
    metrics: Answer | None = None
    public_metrics: Answer | None
    database_problems: tuple[str, ...]
    redis_answers: bool = False
    newest_verified_backup: datetime | None
    audit: Audit | None
    requirements_sha256: str | None
    user_id: int
    at: datetime
