"""Whether the ledger would notice what must not happen; all other tests here rest on it."""

from msgspec.structs import replace

from tests.faults.ledger import Ledger, Promise, StoredTodo

CREATED = StoredTodo(id=1, title="one", description=None, version=1)
CHANGED = replace(CREATED, description="1", version=2)


def a_ledger() -> tuple[Ledger, Promise]:
    """Return one in which a to-do was created and changed once."""
    ledger = Ledger()
    promise = ledger.created(CREATED)
    ledger.changed(promise, CHANGED, change=1)
    return ledger, promise


def test_what_was_acknowledged_is_no_contradiction() -> None:
    assert a_ledger()[0].audit([CHANGED]) == []


def test_a_lost_write_is_found() -> None:
    assert a_ledger()[0].audit([]) == ["one is gone"]
    assert a_ledger()[0].audit([CREATED]) == [
        "one is at version 1, where 2 was acknowledged and 2 is the newest there can be"
    ]


def test_a_write_that_was_done_twice_is_found() -> None:
    assert a_ledger()[0].audit([CHANGED, replace(CHANGED, id=2)]) == ["one is there 2 times"]
    assert len(a_ledger()[0].audit([replace(CHANGED, version=3)])) == 1


def test_a_version_without_its_content_is_found() -> None:
    assert a_ledger()[0].audit([replace(CHANGED, description="2")]) == [
        "one is at version 2 with change 2, where change 1 was acknowledged"
    ]


def test_a_gap_between_versions_is_found() -> None:
    ledger, promise = a_ledger()
    ledger.changed(promise, replace(CHANGED, description="2", version=4), change=2)
    assert ledger.audit([replace(CHANGED, description="2", version=4)]) == [
        "one went from version 2 to 4, which is not in 3 to 3"
    ]


def test_a_refused_write_that_was_done_is_found() -> None:
    assert a_ledger()[0].audit([CHANGED, replace(CREATED, title="two")]) == ["two is there, and was refused"]


def test_a_write_whose_answer_was_lost_may_have_been_done_once() -> None:
    ledger, promise = a_ledger()
    ledger.change_in_doubt(promise)
    ledger.creation_in_doubt("two")

    assert ledger.audit([CHANGED]) == []
    assert ledger.audit([replace(CHANGED, description="2", version=3), replace(CREATED, title="two")]) == []
    assert len(ledger.audit([replace(CHANGED, description="2", version=4)])) == 1
