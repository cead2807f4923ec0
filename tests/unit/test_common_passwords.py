"""The passwords that people use most."""

import sys

import pytest

from adapters.security.common_passwords import common_passwords
from domain.accounts.model import MIN_PASSWORD_LENGTH
from tests.harness import PASSWORD


def test_there_are_more_than_the_three_thousand_that_asvs_asks_for() -> None:
    assert len(common_passwords()) > 10_000
    assert min(map(len, common_passwords())) == MIN_PASSWORD_LENGTH


@pytest.mark.parametrize("password", ["12345678", "password1", "qwertyuiop", "iloveyou", "baseball", "1q2w3e4r"])
def test_what_everybody_would_try_is_among_them(password: str) -> None:
    assert password in common_passwords()


def test_they_are_compared_in_the_form_they_have() -> None:
    assert all(password == password.casefold() for password in common_passwords())


def test_a_passphrase_is_not_among_them() -> None:
    assert PASSWORD not in common_passwords()


def test_they_are_read_once() -> None:
    assert common_passwords() is common_passwords()


def test_they_are_read_without_importing_the_rest_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "zxcvbn"]:
        monkeypatch.delitem(sys.modules, name)

    assert common_passwords.__wrapped__() == common_passwords()
    assert not any(name.partition(".")[0] == "zxcvbn" for name in sys.modules)
