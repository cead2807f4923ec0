"""Which connections are closed when there are too many, and which never are."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from entrypoints.connections.fairness import Connection, in_excess

GREEDY, NEIGHBOUR = "203.0.113.1", "203.0.113.2"


def connections(
    amount: int, network: str | None = GREEDY, *, idle: float = 1, is_waiting: bool = False
) -> list[Connection]:
    return [
        Connection(peer=(f"{network}", port), network=network, idle=idle, is_waiting=is_waiting)
        for port in range(1, amount + 1)
    ]


def closed_for(found: list[Connection]) -> Counter[str | None]:
    return Counter(connection.network for connection in found)


def test_nothing_is_closed_while_everybody_keeps_within_the_bounds() -> None:
    assert in_excess(connections(10) + connections(10, NEIGHBOUR), per_network=10, total=20) == []


def test_a_network_loses_what_it_has_beyond_its_bound_and_nobody_else_does() -> None:
    found = in_excess(connections(13) + connections(10, NEIGHBOUR), per_network=10, total=100)

    assert closed_for(found) == {GREEDY: 3}


def test_the_longest_idle_go_first() -> None:
    [old], [new], [middle] = (connections(1, idle=idle) for idle in (9, 1, 5))

    assert in_excess([new, old, middle], per_network=1, total=10) == [middle, old]


def test_one_that_waits_for_its_answer_outlasts_an_idle_one() -> None:
    [busy], [idle] = connections(1, idle=9, is_waiting=True), connections(1, idle=1)

    assert in_excess([busy, idle], per_network=1, total=10) == [idle]


def test_when_places_run_short_those_lose_who_have_most() -> None:
    others = [connection for number in range(5) for connection in connections(2, f"198.51.100.{number}")]
    found = in_excess(connections(10) + connections(8, NEIGHBOUR) + others, per_network=10, total=20)

    assert closed_for(found) == {GREEDY: 5, NEIGHBOUR: 3}


def test_proxies_keep_theirs_and_leave_one_network_its_bound() -> None:
    assert in_excess(connections(100, None) + connections(10), per_network=10, total=50) == []


@given(st.lists(st.integers(1, 60), max_size=30), st.integers(1, 40), st.integers(30, 200))
def test_the_bounds_hold_whatever_there_is_and_small_networks_are_left_alone(
    sizes: list[int], per_network: int, total: int
) -> None:
    everybody = [c for number, size in enumerate(sizes) for c in connections(size, str(number))]

    gone = in_excess(everybody, per_network=per_network, total=total)

    kept = Counter(c.network for c in everybody) - closed_for(gone)
    assert kept.total() <= max(total, per_network)
    assert all(amount <= per_network for amount in kept.values())
    largest = max(kept.values(), default=0)
    losers = closed_for(gone)
    assert all(kept[network] == largest for network in losers)
