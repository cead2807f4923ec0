"""What the commands have in common."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from domain.errors import DomainError
from entrypoints.environment import SettingsError
from entrypoints.variables import settings_from_environment

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

    from entrypoints.settings import Settings

Result = TypeVar("Result")


def settings_or_exit() -> Settings:
    """Read the settings, or say everything that is wrong with them and stop; set up the logs as they say."""
    from entrypoints.observability.logs import configure_logs

    settings = read_settings_or_exit()
    configure_logs(settings)
    return settings


def read_settings_or_exit() -> Settings:
    """Read the settings, or say everything that is wrong with them and stop."""
    try:
        return settings_from_environment()
    except SettingsError as error:
        click.echo("The settings cannot be used:", err=True)
        for problem in error.problems:
            click.echo(f"  - {problem}", err=True)
        sys.exit(2)


def run_or_explain(work: Coroutine[Any, Any, Result]) -> Result:
    """Run it to its end, or say in a sentence why it could not be done."""
    import asyncio

    with explained_errors():
        return asyncio.run(work)


@contextmanager
def explained_errors() -> Generator[None]:
    """Turn what was to be expected into a sentence instead of a traceback."""
    try:
        yield
    except SettingsError as error:
        raise click.ClickException(" ".join(error.problems)) from None
    except DomainError as error:
        raise click.ClickException(error.detail) from None
    except OSError as error:
        raise click.ClickException(f"It cannot be reached or written: {error}") from None
