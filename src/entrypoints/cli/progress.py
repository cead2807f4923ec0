"""How far long work has come, shown on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar


class TerminalProgress:
    """Draws a bar for each step on standard error; prints its name where nobody knows how long it takes.

    Nothing is shown where standard error is no terminal: a log is to have the result, and a mail of cron nothing else.
    """

    def __init__(self) -> None:
        self._bar: ProgressBar[int] | None = None

    def begin(self, step: str, total: int | None = None) -> None:
        """See ``adapters.backups.progress``."""
        self.close()
        if not sys.stderr.isatty():
            return
        if total:
            self._bar = click.progressbar(length=total, label=step, file=sys.stderr)
            self._bar.render_progress()
        else:
            click.echo(f"{step} ...", err=True)

    def advance(self, amount: int) -> None:
        """See ``adapters.backups.progress``."""
        if self._bar is not None:
            self._bar.update(amount)

    def close(self) -> None:
        """End the step, however far it has come."""
        if self._bar is not None:
            self._bar.render_finish()
            self._bar = None
