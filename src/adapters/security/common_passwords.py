"""The passwords that people use most, from the lists of the package ``zxcvbn``."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from runpy import run_path

from domain.accounts.model import MIN_PASSWORD_LENGTH


@cache
def common_passwords() -> frozenset[str]:
    """Return those that are long enough to be chosen at all, case-folded: about 11,600 of 30,000.

    That is 1.2 MB of memory for each process. Only the file with the lists is run, and forgotten again: importing the
    package would keep its dictionaries and take 16 MB.
    """
    package = find_spec("zxcvbn")
    assert package is not None  # noqa: S101 - it is a dependency
    assert package.origin is not None  # noqa: S101 - it has an __init__.py
    lists = run_path(str(Path(package.origin).with_name("frequency_lists.py")))["FREQUENCY_LISTS"]
    return frozenset(
        folded for password in lists["passwords"] if len(folded := password.casefold()) >= MIN_PASSWORD_LENGTH
    )
