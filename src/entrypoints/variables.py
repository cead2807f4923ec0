"""Where the settings come from: the environment, and a file ``.env``."""

import os
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from entrypoints.environment import SettingsError
from entrypoints.settings import Settings


def settings_from_environment() -> Settings:
    """Read the settings.

    :raises SettingsError: with every problem at once.
    """
    return Settings.read(variables_of_environment())


def variables_of_environment() -> dict[str, str]:
    """Return the variables of the environment, and below them those of a file ``.env`` in the working directory.

    :raises SettingsError: if that file cannot be read.
    """
    return _in_file(Path(".env")) | dict(os.environ)


def _in_file(path: Path) -> dict[str, str]:
    """Return the variables of a file, if it is there. A line that means nothing must not be left out in silence."""
    if not path.exists():
        return {}
    if not path.is_file():
        raise SettingsError([f"The file {path} cannot be read: it is no file."])
    try:
        with path.open(encoding="utf-8-sig") as file:
            bindings = list(parse_stream(file))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"The file {path} cannot be read: {error}."]) from None
    wrong = [_line_of(binding) for binding in bindings if binding.error]
    if wrong:
        raise SettingsError([f"Line {line} of the file {path} is no NAME=value." for line in wrong])
    return {binding.key: binding.value for binding in bindings if binding.key is not None and binding.value is not None}


def _line_of(binding: Binding) -> int:
    """Return the number of a line; empty lines before it are parts of it."""
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")
