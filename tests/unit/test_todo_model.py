"""What a to-do is, and what a patch makes of it."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from domain.errors import Invalid
from domain.todos.due import Due, DuePatch, NewDue
from domain.todos.model import NewTodo, Todo, TodoPatch, checked_description, checked_tags, checked_title
from tests.clock import NOON

LATER = NOON + timedelta(hours=1)


def a_new_todo(**words: Any) -> Todo:
    return NewTodo(title="Buy oat milk", **words).checked(zone_of_owner="Europe/Berlin", at=NOON)


def patched(todo: Todo, patch: TodoPatch, *, at: datetime = LATER) -> Todo:
    return todo.patched(patch, zone_of_owner="Europe/Berlin", at=at)


def test_a_new_to_do_starts_at_version_one_and_is_as_old_as_it_looks() -> None:
    todo = a_new_todo()

    assert (todo.id, todo.version) == (0, 1)
    assert todo.created_at == todo.updated_at == NOON
    assert (todo.done, todo.done_at, todo.due, todo.due_at, todo.tags) == (False, None, None, None, ())


def test_a_to_do_can_be_done_from_the_start() -> None:
    todo = a_new_todo(done=True)

    assert todo.done_at == NOON


def test_a_due_date_without_a_zone_is_meant_where_the_owner_is() -> None:
    todo = a_new_todo(due=NewDue(date=date(2026, 12, 24), time="18:00"))

    assert todo.due == Due(date=date(2026, 12, 24), time=time(18, 0), zone="Europe/Berlin")
    assert todo.due_at == datetime(2026, 12, 24, 17, 0, tzinfo=UTC)


def test_a_patch_changes_what_it_names_and_nothing_else() -> None:
    todo = a_new_todo(description="The barista kind", priority=2, tags=["home"])

    changed = patched(todo, TodoPatch(title="Buy soy milk"))

    assert changed.title == "Buy soy milk"
    assert (changed.description, changed.priority, changed.tags) == ("The barista kind", 2, ("home",))
    assert (changed.version, changed.created_at, changed.updated_at) == (2, NOON, LATER)


def test_null_clears_what_can_be_empty() -> None:
    todo = a_new_todo(description="x", priority=2, tags=["home"], due=NewDue(date=date(2026, 12, 24)))

    changed = patched(todo, TodoPatch(description=None, priority=None, tags=None, due=None))

    assert (changed.description, changed.priority, changed.tags, changed.due, changed.due_at) == (
        None, None, (), None, None
    )  # fmt: skip


@pytest.mark.parametrize(
    "patch",
    [
        TodoPatch(),
        TodoPatch(title="  Buy oat milk "),
        TodoPatch(description="x", done=False, priority=2, tags=["home", "HOME"]),
        TodoPatch(due=DuePatch(date=date(2026, 12, 24))),
        TodoPatch(due=DuePatch(zone="Europe/Berlin")),
    ],
)
def test_a_patch_that_changes_nothing_returns_the_very_same_to_do(patch: TodoPatch) -> None:
    todo = a_new_todo(description="x", priority=2, tags=["home"], due=NewDue(date=date(2026, 12, 24)))

    assert patched(todo, patch) is todo


def test_an_empty_due_patch_cannot_make_a_to_do_due() -> None:
    with pytest.raises(Invalid) as error:
        patched(a_new_todo(), TodoPatch(due=DuePatch()))

    assert error.value.pointer == "/due/date"


def test_a_to_do_is_done_when_the_patch_arrives() -> None:
    done = patched(a_new_todo(), TodoPatch(done=True))

    assert (done.done, done.done_at) == (True, LATER)


def test_what_is_done_already_keeps_its_time() -> None:
    done = a_new_todo(done=True)

    again = patched(done, TodoPatch(done=True, title="Buy soy milk"))

    assert again.done_at == NOON


def test_what_is_not_done_any_more_has_no_time() -> None:
    undone = patched(a_new_todo(done=True), TodoPatch(done=False))

    assert (undone.done, undone.done_at) == (False, None)


def test_a_clock_that_was_set_back_makes_no_to_do_look_older() -> None:
    changed = patched(a_new_todo(), TodoPatch(title="Buy soy milk"), at=NOON - timedelta(days=1))

    assert changed.updated_at == NOON
    assert changed.version == 2


def test_the_instant_follows_the_due_date() -> None:
    todo = a_new_todo(due=NewDue(date=date(2026, 12, 24), time="18:00"))

    moved = patched(todo, TodoPatch(due=DuePatch(zone="Asia/Tokyo")))

    assert moved.due_at == datetime(2026, 12, 24, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("patch", "needs"),
    [
        (TodoPatch(), False),
        (TodoPatch(title="x", due=None), False),
        (TodoPatch(due=DuePatch()), True),
        (TodoPatch(due=DuePatch(zone="UTC")), True),
    ],
)
def test_only_a_patch_of_the_due_date_asks_where_the_owner_is(patch: TodoPatch, *, needs: bool) -> None:
    assert patch.needs_zone_of_owner is needs


@pytest.mark.parametrize("title", ["x", "\U0001f95b" * 200, "  " + "x" * 200 + "\n"])
def test_a_title_has_one_to_two_hundred_characters_after_trimming(title: str) -> None:
    assert checked_title(title) == title.strip()


@pytest.mark.parametrize("title", ["", " \t\n", "x" * 201, "a\x00b", "\ud800"])
def test_other_titles_are_refused(title: str) -> None:
    with pytest.raises(Invalid) as error:
        checked_title(title)

    assert error.value.pointer == "/title"


def test_white_space_in_a_description_stays() -> None:
    assert checked_description("  - oats\n") == "  - oats\n"
    assert checked_description("") == ""
    assert checked_description(None) is None


@pytest.mark.parametrize("description", ["x" * 10_001, "\x00", "\udfff"])
def test_other_descriptions_are_refused(description: str) -> None:
    with pytest.raises(Invalid) as error:
        checked_description(description)

    assert error.value.pointer == "/description"


def test_of_tags_that_differ_in_case_only_the_first_spelling_stays() -> None:
    assert checked_tags(["Straße", " shop ", "STRASSE", "Shop", "home"]) == ("Straße", "shop", "home")


def test_a_tag_that_breaks_a_rule_is_pointed_to() -> None:
    with pytest.raises(Invalid) as error:
        checked_tags(["home", "HOME", "x" * 51])

    assert error.value.pointer == "/tags/2"


def test_a_tag_of_white_space_is_no_tag() -> None:
    with pytest.raises(Invalid) as error:
        checked_tags([" "])

    assert error.value.pointer == "/tags/0"


def test_twenty_different_tags_are_the_most() -> None:
    twenty = [f"tag {number}" for number in range(20)]

    assert len(checked_tags([*twenty, "TAG 1"])) == 20
    with pytest.raises(Invalid) as error:
        checked_tags([*twenty, "one more"])

    assert error.value.pointer == "/tags"


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        (TodoPatch(title=" "), "/title"),
        (TodoPatch(description="\x00"), "/description"),
        (TodoPatch(tags=[""]), "/tags/0"),
        (TodoPatch(due=DuePatch(date=date(2026, 1, 1), zone="nowhere")), "/due/zone"),
    ],
)
def test_a_patch_keeps_the_rules(patch: TodoPatch, pointer: str) -> None:
    with pytest.raises(Invalid) as error:
        patched(a_new_todo(), patch)

    assert error.value.pointer == pointer
