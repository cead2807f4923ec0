"""What the service is deployed with, as its tests read it."""

import json
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import yaml

from entrypoints.settings import Settings
from tests.needs import environment_of_clients

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy/kubernetes"
REPLICAS = ["api-1", "api-2", "api-3"]
GIVEN_BY_MAKE = {"POSTGRES_PASSWORD", "REDIS_PASSWORD", "JWT_SECRET", "METRICS_TOKEN"}
SECRETS = GIVEN_BY_MAKE | {"DATABASE_URL", "REDIS_URL", "SENTRY_DSN", "BACKUP_IDENTITY"}
MAX_REQUEST_TIME = 30
"""Seconds that `todo-api serve` gives requests in flight when it is told to stop."""


class Asked(dict[str, str]):
    """Variables, and which of them somebody wanted to know."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.names.add(key)
        return default


def known_settings() -> set[str]:
    """Return the names of all variables that the service reads."""
    asked = Asked()
    Settings.read(asked)
    return asked.names


def run(*command: str, variables: Mapping[str, str] | None = None, cwd: Path = ROOT) -> CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - the project's own tools
        command,
        cwd=cwd,
        env=environment_of_clients() | dict(variables or {}),
        capture_output=True,
        text=True,
        check=False,
    )


def must(finished: CompletedProcess[str]) -> str:
    """Return what a command printed, which must have succeeded."""
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def services() -> dict[str, Any]:
    return read_yaml(ROOT / "compose.yaml")["services"]


def fly() -> dict[str, Any]:
    return tomllib.loads((ROOT / "fly.toml").read_text(encoding="utf-8"))


def railway() -> dict[str, Any]:
    return json.loads((ROOT / "railway.json").read_text(encoding="utf-8"))


def kubernetes_objects() -> Iterator[dict[str, Any]]:
    for path in sorted(KUBERNETES.glob("*.yaml")):
        if path.name != "kustomization.yaml":
            yield from yaml.safe_load_all(path.read_text(encoding="utf-8"))


def the(kind: str) -> dict[str, Any]:
    (found,) = (item for item in kubernetes_objects() if item["kind"] == kind)
    return found
