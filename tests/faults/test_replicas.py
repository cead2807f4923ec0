"""Three replicas behind the balancer: one may be replaced, or die, and those who write lose nothing."""

from collections.abc import Generator

import pytest

from tests.faults.load import BROKEN_CONNECTION, CLIENTS
from tests.faults.replicas import Replicas, replicas_running
from tests.faults.service import User
from tests.needs import COMPOSE, ENGINE, require

NAMES = ("api-1", "api-2", "api-3")


@pytest.fixture(scope="module")
def replicas() -> Generator[Replicas]:
    """All of them, running; where there is no container engine this cannot be tried, which is said aloud."""
    require(ENGINE, COMPOSE)
    with replicas_running() as replicas:
        yield replicas


@pytest.fixture
def ada(replicas: Replicas) -> User:
    """Somebody who is signed in at all of them."""
    return User(replicas.url)


def test_a_rolling_restart_fails_no_request(replicas: Replicas, ada: User) -> None:
    before = [replicas.id_of(name) for name in NAMES]
    with ada.load() as load:
        load.until_served(300)
        replicas.roll_out()
        load.until_served(300)

    assert not load.failures
    assert ada.contradictions_of(load) == []
    assert all(replicas.id_of(name) != old for name, old in zip(NAMES, before, strict=True))


def test_a_killed_replica_loses_nothing_that_was_acknowledged(replicas: Replicas, ada: User) -> None:
    with ada.load() as load:
        load.until_served(300)
        replicas.kill("api-2")
        load.until_served(1_000)

    assert ada.contradictions_of(load) == []
    assert load.failures.keys() <= {"502", BROKEN_CONNECTION}
    assert load.failures.total() <= CLIENTS
