"""The deployment checklist: what each item makes of the facts."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from secrets import token_hex, token_urlsafe
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from entrypoints.deployment.checklist import ITEMS, checklist
from entrypoints.deployment.facts import Answer, Audit, Facts
from entrypoints.deployment.findings import Finding, Level
from entrypoints.environment import Secret
from entrypoints.settings import Settings

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
RANDOM = Secret(token_hex(64))
SETTINGS = Settings(
    environment="production",
    database_url=Secret(f"postgresql://todo:{token_hex(24)}@database/todo"),
    redis_url=Secret("redis://redis/0"),
    jwt_secret=RANDOM,
    cors_origins=("https://app.example.com",),
    allowed_hosts=("api.example.com",),
    force_https=True,
    trusted_proxies=(ip_network("10.0.0.0/8"),),
    public_url="https://api.example.com",
    sentry_dsn=Secret("https://key@errors.example.com/1"),
    metrics_port=9100,
    backup_dir=Path("/backups"),
)
AUDIT = Audit(audited_at=NOON - timedelta(days=1), audited=60, skipped=0, requirements_sha256="a")
READY = Facts(
    settings=SETTINGS,
    url="https://api.example.com",
    health=Answer(status=200, headers={"strict-transport-security": "max-age=31536000"}),
    readiness=Answer(status=200, body=b'{"status": "ready", "problems": [], "notices": []}'),
    plain=Answer(status=308),
    metrics=Answer(status=200),
    public_metrics=Answer(status=404),
    database_problems=(),
    redis_answers=True,
    newest_verified_backup=NOON - timedelta(hours=25),
    audit=AUDIT,
    requirements_sha256="a",
    user_id=10_001,
    at=NOON,
)


def finding(item: str, facts: Facts) -> Finding:
    """Return what one item of the checklist says."""
    (found,) = [finding for finding in checklist(facts) if finding.item == item]
    return found


def with_settings(**changes: Any) -> Facts:
    return replace(READY, settings=replace(SETTINGS, **changes))


def test_a_service_that_is_set_up_well_is_ready() -> None:
    assert {finding.level for finding in checklist(READY)} == {Level.OK}
    assert len(checklist(READY)) == len(ITEMS)


def test_what_is_wrong_says_how_to_mend_it_and_what_is_right_says_nothing_of_the_kind() -> None:
    untouched = Facts(
        settings=Settings(),
        url="http://127.0.0.1:8000",
        health=None,
        readiness=None,
        public_metrics=None,
        database_problems=("There is no database yet.",),
        newest_verified_backup=None,
        audit=None,
        requirements_sha256=None,
        user_id=0,
        at=NOON,
    )

    for found in (*checklist(untouched), *checklist(READY)):
        assert bool(found.remedy) == (found.level is not Level.OK)
        assert found.why.endswith(".")


@pytest.mark.parametrize(
    ("item", "facts", "level", "words"),
    [
        ("settings", replace(READY, settings_problems=("PORT is 'x'.",)), "error", "PORT is 'x'."),
        ("settings", with_settings(environment="development"), "error", "development"),
        ("JWT secret", with_settings(jwt_secret=None), "error", "not set"),
        ("JWT secret", with_settings(jwt_secret=Secret(token_hex(32))), "error", "room for 32 random bytes"),
        ("JWT secret", with_settings(jwt_secret=Secret("0123456789abcdef" * 8)), "error", "repeats itself"),
        ("JWT secret", with_settings(jwt_secret=Secret("keep this one secret! " * 10)), "error", "repeats itself"),
        ("JWT secret", with_settings(jwt_secret=Secret(token_urlsafe(64))), "ok", "64 random bytes"),
        ("debug", with_settings(debug=True), "error", "on"),
        ("HTTPS", with_settings(force_https=False), "error", "Plain HTTP is answered"),
        ("HTTPS", with_settings(trusted_proxies=()), "error", "No proxy is trusted"),
        ("HTTPS", with_settings(trusted_proxies=(ip_network("0.0.0.0/0"),)), "error", "whole internet"),
        ("HTTPS", with_settings(trusted_proxies=(ip_network("::/0"),)), "error", "whole internet"),
        ("HTTPS", replace(READY, plain=Answer(status=200)), "error", "answers plain HTTP"),
        ("HTTPS", replace(READY, plain=None), "ok", "10.0.0.0/8"),
        ("HTTPS", replace(READY, health=Answer(status=200)), "error", "Strict-Transport-Security"),
        ("HTTPS", replace(READY, health=None), "ok", "forced"),
        ("HTTPS", replace(READY, health=Answer(status=200), url="http://127.0.0.1:8000"), "ok", "forced"),
        ("hosts", with_settings(allowed_hosts=("*",)), "warning", "Any Host"),
        ("CORS", with_settings(cors_origins=("*",)), "error", "any origin"),
        ("CORS", with_settings(cors_origins=()), "ok", "none"),
        ("database password", with_settings(database_url=None), "ok", "embedded"),
        ("database password", with_settings(database_url=Secret("postgresql://db/todo")), "warning", "none"),
        ("database password", with_settings(database_url=Secret("postgresql://a:todo@db/todo")), "error", "guessed"),
        ("database password", with_settings(database_url=Secret("postgresql://a:p%61ssword@db/x")), "error", "guess"),
        ("database password", with_settings(database_url=Secret(f"postgresql://a:{RANDOM}@db/x")), "ok", "hard"),
        ("rate limits", with_settings(rate_limit=False), "error", "off"),
        ("rate limits", with_settings(redis_url=None), "error", "for itself"),
        ("rate limits", with_settings(redis_url=None, database_url=None), "ok", "one process"),
        ("rate limits", with_settings(redis_url=None, database_url=None, workers=2), "error", "for itself"),
        ("rate limits", replace(READY, redis_answers=False), "error", "does not answer"),
        ("user", replace(READY, user_id=0), "error", "root"),
        ("dependencies", replace(READY, audit=None), "warning", "not audited"),
        ("dependencies", replace(READY, audit=replace(AUDIT, vulnerabilities=("x: CVE-1",))), "error", "CVE-1"),
        ("dependencies", replace(READY, audit=replace(AUDIT, skipped=60, audited=0)), "warning", "60 packages"),
        ("dependencies", replace(READY, requirements_sha256="b"), "warning", "other packages"),
        ("dependencies", replace(READY, at=NOON + timedelta(days=30)), "warning", "2026-11-22"),
        ("log level", with_settings(log_level="debug"), "error", "Everything"),
        ("log level", with_settings(log_level="warning"), "ok", "warning"),
        ("error tracking", with_settings(sentry_dsn=None), "warning", "log only"),
        ("health", replace(READY, health=None), "error", "/health does not answer"),
        ("health", replace(READY, health=Answer(status=502)), "error", "/health does not answer"),
        ("health", replace(READY, readiness=None), "error", "/health/ready does not answer"),
        ("health", replace(READY, readiness=Answer(status=503, body=b'{"problems": ["Full."]}')), "error", "Full."),
        ("health", replace(READY, readiness=Answer(status=503, body=b"<html>")), "error", "not ready"),
        ("health", replace(READY, readiness=Answer(status=200, body=b'{"notices": ["Slow."]}')), "warning", "Slow."),
        ("migrations", replace(READY, database_problems=("It is behind.",)), "error", "behind"),
        ("backup", replace(READY, newest_verified_backup=None), "error", "No verified backup"),
        ("backup", replace(READY, newest_verified_backup=NOON - timedelta(hours=27)), "error", "too long ago"),
        ("backup", replace(READY, newest_verified_backup=NOON + timedelta(hours=1)), "error", "yet to come"),
        ("metrics", with_settings(metrics_port=None), "error", "none"),
        ("metrics", replace(READY, public_metrics=Answer(status=200)), "error", "public"),
        ("metrics", replace(READY, metrics=None), "error", "cannot be fetched"),
        ("metrics", replace(READY, metrics=Answer(status=401)), "error", "cannot be fetched"),
        ("metrics", with_settings(metrics_host="::"), "warning", "Whoever"),
        ("metrics", with_settings(metrics_host="203.0.114.7"), "warning", "Whoever"),
        ("metrics", with_settings(metrics_host="metrics.internal"), "warning", "Whoever"),
        ("metrics", with_settings(metrics_host="localhost"), "ok", "port 9100"),
        ("metrics", with_settings(metrics_host="::", metrics_token=Secret("t")), "ok", "port 9100"),
    ],
)  # fmt: skip
def test_each_item_says_how_it_stands(item: str, facts: Facts, level: str, words: str) -> None:
    found = finding(item, facts)

    assert (found.level, words in found.why) == (level, True), found.why


def test_no_finding_shows_a_secret() -> None:
    said = msgspec.json.encode(checklist(READY)).decode()

    for secret in (SETTINGS.jwt_secret, SETTINGS.sentry_dsn, SETTINGS.database_url):
        assert str(secret) not in said
