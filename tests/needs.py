"""What a test needs of the machine beyond its packages: each thing is asked for itself, never inferred from another.

A client is no engine, and neither brings the compose plugin.
"""

import os
import subprocess
from collections.abc import Mapping
from functools import cache

import pytest
from msgspec import Struct

_TIMEOUT = 20
"""Seconds that a program has to say that it is there."""


class Need(Struct, frozen=True, kw_only=True):
    """A program, and a command that succeeds where it can be used."""

    name: str
    question: tuple[str, ...]


ENGINE = Need(name="a container engine and the client docker", question=("docker", "info"))
COMPOSE = Need(name="docker compose", question=("docker", "compose", "version"))
PROMTOOL = Need(name="promtool, which is in Debian's prometheus", question=("promtool", "--version"))
NGINX = Need(name="nginx, which is in Debian's nginx-light", question=("nginx", "-v"))
CURL = Need(name="curl 7.82 or later", question=("curl", "--json", "", "--version"))


def require(*needs: Need) -> None:
    """Skip the test that asks if one of them is missing; where containers are required, fail it."""
    for need in needs:
        if not is_met(need):
            must_not_be_skipped(f"needs {need.name}")
            pytest.skip(f"needs {need.name}: `{' '.join(need.question)}` does not succeed")


def is_met(need: Need) -> bool:
    """Tell whether the machine has it."""
    return _succeeds(need.question, tuple(sorted(environment_of_clients().items())))


def must_not_be_skipped(reason: str) -> None:
    """Fail where REQUIRE_CONTAINERS says that everything can be tried."""
    if are_containers_required():
        pytest.fail(f"REQUIRE_CONTAINERS is set, and this cannot be tried: {reason}")


def are_containers_required() -> bool:
    """Tell whether REQUIRE_CONTAINERS is set."""
    return os.environ.get("REQUIRE_CONTAINERS", "") not in {"", "0"}


def environment_of_clients(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return where programs are, and which engine they are to use."""
    return {
        name: value for name, value in environ.items() if name in {"PATH", "HOME"} or name.startswith("DOCKER_")
    } | {"HOME": environ.get("HOME", "/")}


@cache
def _succeeds(command: tuple[str, ...], environ: tuple[tuple[str, str], ...]) -> bool:
    try:
        finished = subprocess.run(  # noqa: S603 - one of the questions above
            command, env=dict(environ), stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_TIMEOUT
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return finished.returncode == 0
