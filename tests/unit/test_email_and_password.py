"""The rules for what identifies an account, and for its profile."""

import unicodedata
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.accounts.model import (
    Account,
    AccountPatch,
    checked_display_name,
    checked_email,
    checked_password,
    forms_of_email,
    normalized_password,
)
from domain.errors import Invalid
from tests.clock import NOON

ACCOUNT = Account(
    id=1,
    email="ada@example.com",
    display_name="Ada",
    time_zone="UTC",
    created_at=NOON,
    updated_at=NOON,
    version=1,
)
LATER = NOON + timedelta(hours=1)
anything = st.text(st.characters(exclude_categories=()), max_size=40)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ada@example.com", "ada@example.com"),
        ("  Ada@Example.COM\n", "ada@example.com"),
        ("ada+todo@example.com", "ada+todo@example.com"),
        ("JÜRGEN@bücher.example.com", "jürgen@bücher.example.com"),
        ("ju\u0308rgen@example.com", "j\u00fcrgen@example.com"),
        ("a@xn--bcher-kva.com", "a@bücher.com"),
        ("\uff41\uff44\uff41@\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45.com", "ada@example.com"),
        ("\ufb01nn\u00b2@example.com", "finn2@example.com"),
        ("\uff2aÜ\uff32\uff27\uff25\uff2e@example.com", "jürgen@example.com"),
        ("\uff71\uff80\uff9e@example.com", "アダ@example.com"),
        ("x" * 64 + "@" + "y" * 31 + ".com", "x" * 64 + "@" + "y" * 31 + ".com"),
        ("ada@printer.local", "ada@printer.local"),
        ("ada@example.test", "ada@example.test"),
        ("ada@service.internal", "ada@service.internal"),
        ("ada@LocalHost", "ada@localhost"),
    ],
)
def test_an_address_is_compared_trimmed_and_in_lower_case(text: str, address: str) -> None:
    assert checked_email(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "", "ada", "@example.com", "ada@", "ada@@example.com", "ada@example", "ada @example.com", "a\x00da@example.com",
        "ada@exa\ud800mple.com", "\udcffada@example.com", "x" * 64 + "@" + "y" * 32 + ".com", "ada@[127.0.0.1]",
        "Ada <ada@example.com>", "ada..l@example.com",
        "ada\uff20home@example.com", "ada\uff08l@example.com", "ada\u2026l@example.com",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as error:
        checked_email(text, pointer="/email")

    assert error.value.pointer == "/email"


def test_an_account_may_be_stored_under_a_compatibility_form() -> None:
    assert forms_of_email(" \uff21da@example.com ") == ["\uff41da@example.com", "ada@example.com"]


def test_what_was_an_address_once_is_still_looked_for() -> None:
    assert forms_of_email("ada\u2026l@example.com") == ["ada\u2026l@example.com"]


@pytest.mark.parametrize(
    ("text", "forms"), [("Ada@example.com", ["ada@example.com"]), ("ada", []), ("\ud800@x.com", [])]
)
def test_nearly_every_address_has_one_form(text: str, forms: list[str]) -> None:
    assert forms_of_email(text) == forms


def test_normalising_must_not_make_an_address_longer_than_the_longest() -> None:
    with pytest.raises(Invalid, match="at most 100"):
        checked_email("\u0130" * 60 + "@" + "y" * 35 + ".com")


@given(st.one_of(anything, anything.map(lambda local: f"{local}@example.com"), st.emails()))
@example("J\u030c@example.com")
@example("\u0130@example.com")
def test_the_form_that_is_compared_stays_the_same_when_it_is_checked_again(text: str) -> None:
    try:
        address = checked_email(text)
    except Invalid:
        return

    assert checked_email(address) == address


def test_a_password_does_not_depend_on_how_a_keyboard_composes_letters() -> None:
    assert checked_password("passwo\u0308rter") == checked_password("passw\u00f6rter")
    assert normalized_password("o\u0308") == "\u00f6"


@pytest.mark.parametrize("password", ["x" * 8, "x" * 256, "x" + " " * 7, "\U0001f510" * 8])
def test_a_password_has_eight_to_two_hundred_and_fifty_six_characters(password: str) -> None:
    assert checked_password(password) == password


@pytest.mark.parametrize(
    "password", ["", "x" * 7, "x" * 257, " " * 8, "\u3000" * 9, "o\u0308" * 7, "passw\x00rd", "passwor\ud800"]
)
def test_other_passwords_are_refused(password: str) -> None:
    with pytest.raises(Invalid) as error:
        checked_password(password)

    assert error.value.pointer == "/password"


@given(anything)
def test_a_password_that_is_set_is_verified_in_the_same_form(text: str) -> None:
    try:
        stored = checked_password(text)
    except Invalid:
        return

    assert normalized_password(text) == stored == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(("name", "expected"), [(None, None), (" Ada ", "Ada"), ("x" * 100, "x" * 100)])
def test_a_display_name_is_trimmed(name: str | None, expected: str | None) -> None:
    assert checked_display_name(name) == expected


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "\x00"])
def test_other_display_names_are_refused(name: str) -> None:
    with pytest.raises(Invalid) as error:
        checked_display_name(name)

    assert error.value.pointer == "/display_name"


def test_a_patch_changes_the_profile_and_the_version() -> None:
    changed = ACCOUNT.patched(AccountPatch(display_name=None, time_zone="Europe/Berlin"), at=LATER)

    assert (changed.display_name, changed.time_zone) == (None, "Europe/Berlin")
    assert (changed.version, changed.created_at, changed.updated_at) == (2, NOON, LATER)


def test_what_a_patch_does_not_name_stays() -> None:
    changed = ACCOUNT.patched(AccountPatch(time_zone="Europe/Berlin"), at=LATER)

    assert changed.display_name == "Ada"


@pytest.mark.parametrize("patch", [AccountPatch(), AccountPatch(display_name=" Ada "), AccountPatch(time_zone="UTC")])
def test_a_patch_that_changes_nothing_returns_the_very_same_account(patch: AccountPatch) -> None:
    assert ACCOUNT.patched(patch, at=LATER) is ACCOUNT


def test_a_patch_changes_the_address_to_the_form_that_is_compared() -> None:
    changed = ACCOUNT.patched(AccountPatch(email=" Augusta@Example.com ", password="x"), at=LATER)

    assert (changed.email, changed.version, changed.updated_at) == ("augusta@example.com", 2, LATER)


@pytest.mark.parametrize(
    ("stored", "written"),
    [
        ("ada@example.com", " ADA@example.com"),
        ("ada@example.com", "\uff41da@example.com"),
        ("\uff41da@example.com", "\uff41da@example.com"),
        ("ada\u2026l@example.com", "ada\u2026l@example.com"),
    ],
)
def test_an_address_that_means_the_account_already_changes_nothing(stored: str, written: str) -> None:
    account = replace(ACCOUNT, email=stored)

    assert account.patched(AccountPatch(email=written, password="x"), at=LATER) is account


def test_an_account_under_a_compatibility_form_can_move_to_the_plain_one() -> None:
    account = replace(ACCOUNT, email="\uff41da@example.com")

    assert account.patched(AccountPatch(email="ada@example.com", password="x"), at=LATER).email == "ada@example.com"


@pytest.mark.parametrize("email", ["", "ada", "ada@example", "x" * 1_000])
def test_an_account_cannot_move_to_what_is_no_address(email: str) -> None:
    with pytest.raises(Invalid) as error:
        ACCOUNT.patched(AccountPatch(email=email, password="x"), at=LATER)

    assert error.value.pointer == "/email"


def test_an_address_comes_with_a_password_and_a_password_with_an_address() -> None:
    assert AccountPatch(display_name="Ada").confirmed_email() is None
    assert AccountPatch(email="ada@example.com", password="x").confirmed_email() == ("ada@example.com", "x")
    for half in (AccountPatch(email="ada@example.com"), AccountPatch(password="x")):
        with pytest.raises(Invalid) as error:
            half.confirmed_email()
        assert error.value.pointer == "/password"


def test_a_clock_that_was_set_back_makes_no_account_look_older() -> None:
    changed = ACCOUNT.patched(AccountPatch(display_name="Lady Lovelace"), at=NOON - timedelta(days=1))

    assert changed.updated_at == NOON


def test_an_account_cannot_move_to_an_unknown_zone() -> None:
    with pytest.raises(Invalid) as error:
        ACCOUNT.patched(AccountPatch(time_zone="Mars/Olympus"), at=LATER)

    assert error.value.pointer == "/time_zone"


def test_a_password_that_is_too_long_costs_no_normalising() -> None:
    endless = "a" + "\u0300" * 200_000 + "\u0316" * 200_000

    assert normalized_password(endless) is endless
