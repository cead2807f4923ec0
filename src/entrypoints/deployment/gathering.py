"""Gathering the facts: everything the checklist has to ask others for."""

import asyncio
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
import msgspec
from httpx import URL
from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.errors import DomainError
from entrypoints.databases.registry import database_of
from entrypoints.deployment.facts import Answer, Audit, Facts
from entrypoints.environment import Secret
from entrypoints.operating import database_problems, newest_verified_backup
from entrypoints.settings import Settings
from entrypoints.urls import http_url

_TIMEOUT = 5
"""Seconds that anything has to answer."""

_MAX_PORT = 65_535
"""A larger one is an ``OverflowError`` of the socket, which HTTPX lets through."""

_SHARED = Path(sys.prefix) / "share" / "todo-api"
_AUDITS = (
    (_SHARED / "audit.json", _SHARED / "runtime.txt"),
    (Path("build/audit.json"), Path("requirements/runtime.txt")),
)
"""Where the audit of the packages is, and the list of them: in the image, and in a checkout."""


async def gather(variables: Mapping[str, str], *, url: str | None = None) -> Facts:
    """Return the facts about the service that the variables describe, which answers at ``url``."""
    settings, problems = Settings.draft(variables)
    url = url or settings.public_url or http_url(_reachable(settings.host), settings.port)
    headers = {"authorization": f"Bearer {settings.metrics_token}"} if settings.metrics_token else {}
    async with httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False) as client:
        health, readiness, public_metrics, plain, metrics = await asyncio.gather(
            _answer(client, url, "/health"),
            _answer(client, url, "/health/ready"),
            _answer(client, url, "/metrics"),
            _answer(client, _plain(settings.public_url), "/"),
            _answer(client, _metrics(settings), "/metrics", headers),
        )
    audit, requirements_sha256 = _audit()
    return Facts(
        settings=settings,
        settings_problems=tuple(problems),
        url=url,
        health=health,
        readiness=readiness,
        plain=plain,
        metrics=metrics,
        public_metrics=public_metrics,
        database_problems=await _database_problems(settings),
        redis_answers=settings.redis_url is not None and await _redis_answers(settings.redis_url),
        newest_verified_backup=await asyncio.to_thread(newest_verified_backup, settings),
        audit=audit,
        requirements_sha256=requirements_sha256,
        user_id=os.geteuid(),
        at=datetime.now(UTC),
    )


async def _answer(
    client: httpx.AsyncClient, base: str | None, path: str, headers: dict[str, str] | None = None
) -> Answer | None:
    """Return what a path below the base answers with; what else the base says, such as a query, is no part of that."""
    if base is None:
        return None
    try:
        url = URL(base)
        if url.port is not None and url.port > _MAX_PORT:
            return None
        response = await client.get(
            url.copy_with(path=url.path.rstrip("/") + path, query=None, fragment=None), headers=headers
        )
    except (httpx.HTTPError, httpx.InvalidURL):
        return None
    return Answer(status=response.status_code, headers=dict(response.headers), body=response.content)


def _plain(public_url: str | None) -> str | None:
    """Return where the service would answer plain HTTP on the public host."""
    try:
        parts = urlsplit(public_url or "")
        has_own_port = parts.port is not None
    except ValueError:  # which is said of the settings
        return None
    if parts.scheme != "https" or has_own_port or not parts.hostname:
        return None
    return http_url(parts.hostname) + parts.path


def _metrics(settings: Settings) -> str | None:
    """Return where the metrics can be asked for."""
    if settings.metrics_port is None:
        return None
    return http_url(_reachable(settings.metrics_host), settings.metrics_port)


def _reachable(host: str) -> str:
    """Return a host that can be called, for one that is listened on: every address of a machine is also its own."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "::1"  # noqa: PLR2004 - the version of the protocol
    return str(address)


async def _database_problems(settings: Settings) -> tuple[str, ...]:
    if database_of(settings).is_missing():
        return ("There is no database yet.",)
    try:
        return tuple(await database_problems(settings))
    except (DomainError, OSError, ValueError) as error:
        return (f"The database cannot be opened: {error}.",)


async def _redis_answers(url: Secret) -> bool:
    try:
        client: Any = cast("Any", Redis).from_url(url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT)
        async with client:
            await client.ping()
    except (RedisError, OSError, ValueError):
        return False
    return True


def _audit() -> tuple[Audit | None, str | None]:
    """Return the audit, and the digest of the list of packages as it is now."""
    for report, requirements in _AUDITS:
        if report.is_file() and requirements.is_file():
            audit = msgspec.json.decode(report.read_bytes(), type=Audit)
            return audit, sha256(requirements.read_bytes()).hexdigest()
    return None, None
