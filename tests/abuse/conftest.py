"""Somebody tries to take the service from the others; what the others felt meanwhile is noted."""

import os
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from msgspec import Struct

from tests.abuse import worker
from tests.abuse.neighbour import SOON, Neighbour, living_next_door
from tests.abuse.people import ELSEWHERE, HOME, Person, signed_in
from tests.abuse.worker import MEMORY, Worker
from tests.faults.conftest import database_url, migrated_database, postgresql_server

__all__ = ["database_url", "migrated_database", "postgresql_server"]

IMAGE = os.environ.get("TEST_IMAGE", "")
"""A container image of the service, if there is one to be tried."""

_HEADINGS = (
    "| abuse | on | others were answered | typically in | at the worst in | not answered | peak memory |",
    "|---|---|--:|--:|--:|---|--:|",
)

AGAINST = ["postgresql", "container"] if IMAGE else ["postgresql", "sqlite"]


class Abuse(Struct, frozen=True):
    """A service, and a neighbour of whoever abuses it."""

    worker: Worker
    neighbour: Person
    measured: "Callable[[], AbstractContextManager[Neighbour]]"
    """Opens a block in which the service is abused; at its end the neighbour must have been served."""

    def abuser(self, address: str = ELSEWHERE) -> Person:
        """Return somebody who has just opened an account."""
        return signed_in(self.worker.url, address)

    def stranger(self, address: str = ELSEWHERE) -> Person:
        """Return somebody without an account."""
        return Person(self.worker.url, address)


def pytest_report_header() -> str:
    """Say what will be abused."""
    return f"Abuse is tried on a process{f', and on the image {IMAGE} with {MEMORY} MiB' if IMAGE else ''}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table that docs/reliability.md has."""
    reports = terminalreporter.getreports("")
    rows = [row for report in reports for name, row in report.user_properties if name == "abuse"]
    if rows:
        terminalreporter.write_line("\n".join(["", *_HEADINGS, *map(str, rows)]))


@pytest.fixture(params=AGAINST)
def against(request: pytest.FixtureRequest) -> str:
    """What the service stands on."""
    return request.param


@pytest.fixture
def settings() -> dict[str, str]:
    """Settings that a test needs which are none of the defaults; there should be few."""
    return {}


@pytest.fixture
def service(
    against: str, settings: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> Generator[Worker]:
    """The service."""
    if against == "container":
        with worker.container(IMAGE, **settings) as running:
            yield running
        return
    more = {"DATABASE_URL": request.getfixturevalue("database_url")} if against == "postgresql" else {}
    with worker.process(tmp_path, **more, **settings) as running:
        yield running


@pytest.fixture
def abuse(service: Worker, against: str, request: pytest.FixtureRequest) -> Abuse:
    """The service and its neighbour, who has an account already."""
    neighbour = signed_in(service.url, HOME)

    @contextmanager
    def measured() -> Generator[Neighbour]:
        with living_next_door(neighbour) as found:
            yield found
        peak = service.peak_memory()
        name = request.node.originalname.removeprefix("test_").replace("_", " ")
        failures = ", ".join(f"{number} x {kind}" for kind, number in found.failures.items()) or "none"
        cells = (
            f"{len(found.latencies)}",
            f"{found.typical * 1000:.0f} ms",
            f"{found.worst * 1000:.0f} ms",
            failures,
            f"{peak} MiB",
        )
        request.node.user_properties.append(("abuse", f"| {name} | {against} | {' | '.join(cells)} |"))
        assert not found.failures
        assert found.worst < SOON
        assert peak < MEMORY

    return Abuse(service, neighbour, measured)
