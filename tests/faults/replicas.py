"""Three replicas behind a balancer, as compose.yaml has them, under a name of the tests' own."""

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from tests.integration.processes import free_port

_ROOT = Path(__file__).parents[2]
_COMMAND_TIMEOUT = 600
"""Seconds; the first one builds the images."""

_SECRETS = ("POSTGRES_PASSWORD", "REDIS_PASSWORD", "JWT_SECRET", "METRICS_TOKEN")


class Replicas:
    """A project of `docker compose`."""

    def __init__(self) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._name = f"todo-api-faults-{token_hex(4)}"
        self._environment = os.environ | {
            "COMPOSE_PROJECT_NAME": self._name,
            "COMPOSE_PROFILES": "replicas",
            "IMAGE": self._name,
            "PORT": str(port),
            "RATE_LIMIT": "off",
            **{secret: token_hex(64) for secret in _SECRETS},
        }

    def up(self) -> None:
        """Build the images and start everything that answers requests."""
        self.compose("build", "migrations", "balancer")
        self.compose("up", "--detach", "--wait", "balancer")

    def down(self) -> None:
        """Remove everything that was made for them."""
        self.compose("--profile", "*", "down", "--volumes", "--timeout", "5")
        self._run("docker", "image", "rm", "--force", self._name, f"{self._name}-balancer")

    def roll_out(self) -> None:
        """Replace every replica, as an operator does it."""
        self._run("deploy/rollout.sh")

    def kill(self, replica: str) -> None:
        """End it at once, with SIGKILL; the engine does not start it again after that."""
        self.compose("kill", replica)

    def id_of(self, replica: str) -> str:
        """Return which container it is."""
        return self.compose("ps", "--quiet", replica)

    def compose(self, *arguments: str) -> str:
        """Run a command to its end, and return what it prints."""
        return self._run("docker", "compose", *arguments)

    def _run(self, *command: str) -> str:
        done = subprocess.run(  # noqa: S603 - our own command
            command,
            cwd=_ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_COMMAND_TIMEOUT,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@contextmanager
def replicas_running() -> Generator[Replicas]:
    """Start them, and leave nothing of them in the end, not even their images."""
    replicas = Replicas()
    try:
        replicas.up()
        yield replicas
    finally:
        replicas.down()
