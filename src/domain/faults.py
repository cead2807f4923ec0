"""Gathering what is wrong with several values, so that whoever sent them can mend all at once."""

from collections.abc import Callable
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from domain.errors import Invalid

_Arguments = ParamSpec("_Arguments")
_Checked = TypeVar("_Checked")


class Faults:
    """A block in which values are checked: it ends with one error for all that break a rule, if there are any.

    :raises Invalid: at the end of the block; what was checked in it is good to use after it.
    """

    def __init__(self) -> None:
        self._errors: list[Invalid] = []

    def of(
        self, check: Callable[_Arguments, _Checked], *arguments: _Arguments.args, **named: _Arguments.kwargs
    ) -> _Checked:
        """Return what ``check`` returns, or note what it raises, and return ``None`` until the block ends with that."""
        try:
            return check(*arguments, **named)
        except Invalid as error:
            self._errors.append(error)
            return None  # pyright: ignore[reportReturnType] - nobody gets to see it after the block

    def __enter__(self) -> Self:
        """Begin the block."""
        return self

    def __exit__(self, _: type[BaseException] | None, raised: BaseException | None, __: TracebackType | None) -> None:
        """End it."""
        if self._errors and raised is None:
            raise Invalid.together(self._errors)
